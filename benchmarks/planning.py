"""Time and peak memory of planning one step: a million raw images, a hundred thousand wells.

    python benchmarks/planning.py [--wells 100000] [--files-per-well 10] [--table | --image-sets]

A small S3 server in a process of its own answers LIST with pages of 1,000 keys, as S3 does. Each plan runs in a fresh
process: once with an empty workspace (all units new), once with all outcomes and outputs there (all units done). Then
follows what the step writes: the manifests of its arrays, and the record of what is done. A hundred plates of 384
wells, 9 sites and 5 channels, 1.7 million images, are `--wells 38400 --files-per-well 45`.

With `--table`, a samplesheet beside the spec, a row for each image, says which there are; the bucket is the same. With
`--image-sets` it is a LoadData CSV, whose rows have five images each.

With `--branches`, one plate of a pipeline with `split` is planned instead, among 5, 20 and 100 that are all there: a
step that reads another step's outputs, of units that ran before with other settings.
"""

import argparse
import bisect
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import batched
from multiprocessing.connection import Connection
from pathlib import Path
from shutil import rmtree
from typing import Any
from urllib.parse import parse_qs, urlsplit

WELLS_PER_PLATE = 384
PAGE = 1000
MASK = (1 << 128) - 1
SPEC = """
version: 1
pipeline: bench
workspace: "{{ workspace_root }}"
dataset:
  root: "{{ data_root }}"
  files:
    raw: "images/{plate}/{well}_s{site:int}_{channel}.tiff"
steps:
  illum_apply:
    module: command
    image: tool:1
    foreach: [plate, well]
    inputs: {images: dataset.raw}
    with: {argv: [convert, "{inputs.images}"]}
    outputs: {corrected: "corrected/{plate}/{well}/{plate}_{well}_s{site}_Corr{channel}.tiff"}
"""


CHANNELS = ("DNA", "ER", "RNA", "AGP", "Mito")
TABLES = {
    "raw.csv": "raw: {table: raw.csv, path: path, columns: {plate: plate, well: well, site: site, channel: channel}}",
    "load_data.csv": "raw: {table: load_data.csv, path: 'FileName_Orig{channel}', "
    "columns: {plate: Metadata_Plate, well: Metadata_Well, site: Metadata_Site}}",
}
SPLIT = """
  measure:
    module: command
    image: tool:1
    foreach: [plate, well]
    inputs: {images: illum_apply.corrected}
    with: {argv: [measure, "{inputs.images}"]}
    outputs: {table: "measured/{plate}/{well}/Image.csv"}
"""


def write_table(path: Path, keys: Iterator[str]) -> None:
    """A samplesheet with a row for each image."""
    with path.open("w") as table:
        table.write("path,plate,well,site,channel\n")
        for key in keys:
            _, plate, name = key.split("/")
            table.write(f"{key},{plate},{','.join(name.removesuffix('.tiff').replace('_s', '_').split('_'))}\n")


def write_image_sets(path: Path, keys: Iterator[str]) -> None:
    """A LoadData CSV with a row for each image set.

    :param keys: the images of a set one after the other, in the order of :data:`CHANNELS`.
    """
    columns = [f"{kind}_Orig{channel}" for channel in CHANNELS for kind in ("FileName", "PathName")]
    with path.open("w") as table:
        table.write(",".join([*columns, "Metadata_Plate", "Metadata_Well", "Metadata_Site"]) + "\n")
        for image_set in batched(keys, len(CHANNELS)):
            folder, _, name = image_set[0].rpartition("/")
            well, site, _ = name.split("_")
            images = [f"{key.rpartition('/')[2]},{folder}" for key in image_set]
            table.write(",".join([*images, folder.rpartition("/")[2], well, site[1:]]) + "\n")


def raw_keys(wells: int, files_per_well: int) -> Iterator[str]:
    for number in range(wells):
        plate, place = divmod(number, WELLS_PER_PLATE)
        well = f"{chr(ord('A') + place // 24)}{place % 24 + 1:02d}"
        for file in range(files_per_well):
            yield f"images/BR{plate:08d}/{well}_s{file // 5 + 1}_{CHANNELS[file % 5]}.tiff"


class Bucket(BaseHTTPRequestHandler):
    """LIST of a fixed set of keys, by prefix, delimiter and continuation token."""

    protocol_version = "HTTP/1.1"
    keys: list[str]
    lists = 0
    lock = threading.Lock()

    def do_GET(self) -> None:
        if self.path == "/lists":
            self._send(str(Bucket.lists).encode())
            return
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if "list-type" not in query:
            self.send_error(404)
            return
        with Bucket.lock:
            Bucket.lists += 1
        self._send(
            self._page(
                query.get("prefix", ""),
                query.get("delimiter"),
                query.get("continuation-token") or query.get("start-after", ""),
            ).encode()
        )

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _page(self, prefix: str, delimiter: str | None, token: str) -> str:
        at = max(bisect.bisect_left(self.keys, prefix), bisect.bisect_left(self.keys, token))
        contents, folders, next_token = [], [], ""
        while at < len(self.keys) and self.keys[at].startswith(prefix):
            key = self.keys[at]
            if len(contents) + len(folders) == PAGE:
                next_token = key
                break
            slash = key.find(delimiter, len(prefix)) if delimiter else -1
            if slash >= 0:
                folders.append(key[: slash + 1])
                at = bisect.bisect_left(self.keys, key[:slash] + "0")  # "0" comes after "/"
            else:
                contents.append(key)
                at += 1
        return _xml(contents, folders, next_token)

    def log_message(self, *_args: object) -> None:
        return None


def _xml(contents: list[str], folders: list[str], token: str) -> str:
    stamp = "<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    rows = "".join(
        f'<Contents><Key>{key}</Key>{stamp}<ETag>"{hash(key) & MASK:032x}"</ETag><Size>2000000</Size></Contents>'
        for key in contents
    )
    rows += "".join(f"<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>" for folder in folders)
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
    return f'<?xml version="1.0"?><ListBucketResult>{rows}{more if token else ""}</ListBucketResult>'


def serve(keys_file: Path, pipe: Connection) -> None:
    Bucket.keys = sorted(keys_file.read_text().splitlines())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    pipe.send(server.server_address[1])
    server.serve_forever()


def split_keys(plates: int, files_per_well: int) -> Iterator[str]:
    """What the steps of a pipeline with `split` have left of all plates."""
    from platerunner_unit.contract.category import Category
    from platerunner_unit.contract.outcome import Kept, outcome_key

    kept = Kept("f" * 32, Category.SUCCEEDED, "run", 1)
    for key in raw_keys(plates * WELLS_PER_PLATE, files_per_well):
        _, plate, name = key.split("/")
        well, site, channel = name.removesuffix(".tiff").split("_")
        yield f"data/{key}"
        yield f"work/corrected/{plate}/{well}/{plate}_{well}_{site}_Corr{channel}.tiff"
        if (site, channel) == ("s1", "DNA"):
            yield f"work/measured/{plate}/{well}/Image.csv"
            unit = f"plate={plate}/well={well}"
            yield from (f"work/{outcome_key(step, unit, kept)}" for step in ("illum_apply", "measure", "renamed"))


def plan_branch(port: int, folder: Path, pipe: Connection) -> None:
    """Plan a step of one plate, and send the figures."""
    from dataclasses import replace

    from platerunner.catalog.loader import load_catalog
    from platerunner.engine.planning.branch import Branch
    from platerunner.engine.planning.context import RunContext
    from platerunner.engine.planning.prepare import plan_one
    from platerunner.spec.loader import load_text

    data, workspace = storages(port)
    spec = SPEC.replace("dataset:", "split: plate\ndataset:") + SPLIT.removeprefix("\n")
    pipeline, modules = load_text(spec, folder / "bench.yaml"), load_catalog()
    context = replace(RunContext({}, data.url, workspace.url, "run"), branch=Branch("plate", "BR00000001"))
    start, cpu = time.perf_counter(), time.process_time()
    planned = plan_one(
        pipeline, "measure", modules, context, data=data, workspace=workspace, digests=lambda _image: "sha256:0"
    )
    used = {"seconds": round(time.perf_counter() - start, 1), "cpu_seconds": round(time.process_time() - cpu, 2)}
    pipe.send({**used, "lists": lists_of(port), **planned.counts()})


def storages(port: int) -> Any:
    """The data root and the workspace."""
    from platerunner_unit.contract.storage import Storage

    settings = {"endpoint": f"http://127.0.0.1:{port}", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return tuple(Storage(f"s3://bucket/{root}", {**settings, "region": "us-east-1"}) for root in ("data", "work"))


def plan(port: int, folder: Path, pipe: Connection) -> None:
    """Plan the step, and send the figures and, for the next round, the keys that a run would leave behind."""
    from platerunner.catalog.loader import load_catalog
    from platerunner.engine.planning.context import RunContext
    from platerunner.engine.planning.prepare import plan_one
    from platerunner.spec.loader import load_text
    from platerunner_unit.contract.category import Category
    from platerunner_unit.contract.outcome import Kept, outcome_key

    data, workspace = storages(port)
    line = next(each for each in SPEC.splitlines() if "raw:" in each).strip()
    files = next((files for name, files in TABLES.items() if (folder / name).exists()), line)
    pipeline = load_text(SPEC.replace(line, files), folder / "bench.yaml")
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, cpu = time.perf_counter(), time.process_time()
    planned = plan_one(
        pipeline,
        "illum_apply",
        load_catalog(),
        RunContext({}, data.url, workspace.url, "run"),
        data=data,
        workspace=workspace,
        digests=lambda _image: "sha256:0",
    )
    figures = {
        "seconds": round(time.perf_counter() - start, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "lists": lists_of(port),
        "imports_mib": base // 1024,
        "listed": planned.listed.get("images"),
        **planned.counts(),
    }
    figures |= write_records(planned, folder)
    with (folder / "after").open("w") as file:
        for unit in planned.units:
            task = unit.task
            key = outcome_key("illum_apply", task.unit, Kept(task.fingerprint, Category.SUCCEEDED, "run", 1))
            lines = [key, *(output.key for output in task.outputs["corrected"])]
            file.write("".join(f"work/{line}\n" for line in lines))
    pipe.send(figures)


def lists_of(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/lists", timeout=60) as answer:
        return int(answer.read())


def write_records(planned: Any, folder: Path) -> dict[str, object]:
    """Write what the step writes into a folder; bytes, CPU, and the peak of the whole process up to then."""
    from platerunner.batch.submit import chunks
    from platerunner.engine.planning.model import UnitState
    from platerunner.engine.records.outcomes import OutcomeStore
    from platerunner_unit.contract import manifest
    from platerunner_unit.contract.manifest import StepTask
    from platerunner_unit.contract.storage import Storage

    workspace, cpu = Storage(str(folder / "written")), time.process_time()
    roots = {"data": "s3://bucket/data", "workspace": workspace.url}
    pending = planned.of(UnitState.PENDING)
    parts = chunks(len(pending))
    for n, part in enumerate(parts):
        step = StepTask("bench", "run", "illum_apply", n, "command", "command", roots)
        manifest.write(workspace, f"manifests/{n}", step, (pending[i].task for i in part))
    if not pending:
        OutcomeStore(workspace).record_current("run", planned.step, ("plate", "well"), planned.tasks(UnitState.DONE))
    written = [path.stat().st_size for path in (folder / "written").rglob("*") if path.is_file()]
    rmtree(folder / "written")
    return {
        "records": f"{len(parts)} manifests" if pending else "what is done",
        "records_mb": round(sum(written) / 1e6, 1),
        "records_cpu_seconds": round(time.process_time() - cpu, 1),
        "records_peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def measure(keys_file: Path, folder: Path, planning: Callable[..., None] = plan) -> dict[str, object]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(keys_file, theirs), daemon=True)
    server.start()
    try:
        planner = context.Process(target=planning, args=(ours.recv(), folder, theirs))
        planner.start()
        while planner.is_alive() and not ours.poll(1):
            pass
        if not ours.poll():
            sys.exit(f"the planner ended with {planner.exitcode}")
        figures: dict[str, object] = ours.recv()
        planner.join()
        return figures
    finally:
        server.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--wells", type=int, default=100_000)
    parser.add_argument("--files-per-well", type=int, default=10)
    parser.add_argument("--branches", action="store_true")
    tables = parser.add_mutually_exclusive_group()
    tables.add_argument("--table", action="store_true")
    tables.add_argument("--image-sets", action="store_true")
    arguments = parser.parse_args()
    os.environ["PYTHONHASHSEED"] = "0"  # ETags of the server stay the same from one process to the next
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = folder / "keys"
        for plates in (5, 20, 100) if arguments.branches else ():
            with keys.open("w") as file:
                file.writelines(f"{key}\n" for key in split_keys(plates, arguments.files_per_well))
            print(f"a plate of {plates}:", json.dumps(measure(keys, folder, plan_branch)), flush=True)
        if arguments.branches:
            return
        keys.write_text("".join(f"data/{key}\n" for key in raw_keys(arguments.wells, arguments.files_per_well)))
        if arguments.table:
            write_table(folder / "raw.csv", raw_keys(arguments.wells, arguments.files_per_well))
        if arguments.image_sets:
            write_image_sets(folder / "load_data.csv", raw_keys(arguments.wells, arguments.files_per_well))
        print("all new: ", json.dumps(measure(keys, folder)), flush=True)
        with keys.open("a") as file:
            file.write((folder / "after").read_text())
        print("all done:", json.dumps(measure(keys, folder)), flush=True)


if __name__ == "__main__":
    main()
