"""`platerunner import`: from another system's files to a spec."""

import ast
import json
import operator
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from platerunner.batch.image_catalog import image_catalog
from platerunner.cli.console import err, fail, out
from platerunner.cli.first_spec import pipeline_name
from platerunner.cli.loading import load_or_fail
from platerunner.cli.other_systems import nf_core, starrynight
from platerunner.cli.samplesheet import Sheet, read_samplesheet

MOUNT = "/home/ubuntu/bucket"
"""Where Distributed-CellProfiler mounts the bucket of images, and so how its LoadData tables begin."""
_OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_LEFT = {
    "USE_PLUGINS": "the image cellprofiler has CellProfiler-plugins; the parameter `plugins` names others",
    "UPLOAD_FLAGS": "flags of the upload: encryption and owners are the bucket's own settings",
}

import_ = typer.Typer(name="import", help="Make a spec of another system's files.", no_args_is_help=True)


import_.command("nf-core")(nf_core)
import_.command()(starrynight)


@import_.callback()
def main() -> None:
    """Make a spec of another system's files."""


@import_.command()
def dcp(
    config: Annotated[Path, typer.Argument(help="Its config.py, which is read and never run.", exists=True)],
    job: Annotated[Path, typer.Argument(help="Its job file, JSON.", exists=True)],
    *,
    data_file: Annotated[Path, typer.Option(help="A copy of the job's LoadData table.", exists=True)],
    pipeline: Annotated[Path, typer.Option(help="A copy of the job's CellProfiler pipeline.", exists=True)],
    to: Annotated[Path | None, typer.Option("--out", "-o", help="New folder.", show_default="the app's name")] = None,
) -> None:
    """Make a spec of Distributed-CellProfiler's configuration and job, with the pipeline and the table beside it."""
    settings, asked = _read_config(config), _read_job(job)
    sheet = read_samplesheet(data_file)
    if "{channel}" not in sheet.path:
        fail(f"{data_file} has no columns `FileName_Orig...`: it is no LoadData table of Distributed-CellProfiler.")
    foreach = _foreach(job, asked, sheet)
    name = pipeline_name(str(settings.get("APP_NAME", job.stem)))
    target = to or Path(name)
    if target.exists():
        fail(f"{target} is there already. Delete it, or name another with --out.")
    target.mkdir(parents=True)
    bucket = str(settings.get("SOURCE_BUCKET", settings.get("AWS_BUCKET", "BUCKET")))
    text = data_file.read_text(encoding="utf-8-sig").replace(MOUNT, f"s3://{bucket}")
    (target / "load_data.csv").write_text(text, encoding="utf-8")
    shutil.copyfile(pipeline, target / pipeline.name)
    spec = target / f"{name}.yaml"
    described = _spec(name, f"s3://{bucket}", settings, sheet, foreach, pipeline.name)
    spec.write_text(yaml.safe_dump(described, sort_keys=False, width=120), encoding="utf-8")
    load_or_fail(spec)
    for key, sentence in _LEFT.items():
        if settings.get(key) not in (None, "", "False", False):
            err.print(f"{key} is left out: {sentence}.", style="yellow", markup=False)
    out.print(f"{spec}: look at `outputs`, then `platerunner validate {spec}`.", markup=False)


def _spec(
    name: str, root: str, settings: Mapping[str, Any], sheet: Sheet, foreach: Sequence[str], pipeline: str
) -> dict[str, Any]:
    processes = max(int(settings.get("DOCKER_CORES", 1)), 1)
    folder = "/".join(f"{{{wildcard}}}" for wildcard in foreach)
    return {
        "version": 1,
        "pipeline": name,
        "title": f"{name}, from Distributed-CellProfiler",
        "workspace": f"{{{{ workspace_root }}}}/{name}",
        "dataset": {
            "root": root,
            "files": {"raw": {"table": "load_data.csv", "path": sheet.path, "columns": dict(sheet.columns)}},
        },
        "defaults": {
            "image": f"cellprofiler:{image_catalog()['cellprofiler'].tag}",
            "resources": {
                "vcpus": 1,
                "memory": f"{int(settings.get('MEMORY', 8000)) // processes} MB",
                "disk": f"{int(settings.get('EBS_VOL_SIZE', 30))} GB",
            },
        },
        "steps": {
            "analysis": {
                "module": "cellprofiler",
                "foreach": list(foreach),
                "inputs": {"images": "dataset.raw"},
                "with": {"pipeline": pipeline},
                "load_data": {"images": {"Orig{channel}": "images"}, "metadata": list(sheet.columns)},
                "outputs": {"tables": {"path": f"analysis/{folder}/{{table}}.csv", "at_least": 1}},
            }
        },
    }


def _read_config(path: Path) -> dict[str, Any]:
    """The constants of a config.py; a line that is none of ours to run is passed over."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        fail(f"{path} is no Python file: {error}")
    found: dict[str, Any] = {}
    for line in tree.body:
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
            try:
                found[line.targets[0].id] = _value(line.value, found)
            except (ValueError, TypeError, ArithmeticError):
                continue
    if "APP_NAME" not in found and "SOURCE_BUCKET" not in found and "AWS_BUCKET" not in found:
        fail(f"{path} is no config.py of Distributed-CellProfiler: it has neither APP_NAME nor a bucket.")
    return found


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        return _OPERATIONS[type(node.op)](_value(node.left, known), _value(node.right, known))
    return ast.literal_eval(node)


def _read_job(path: Path) -> dict[str, Any]:
    try:
        job = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(job["groups"], list)
        assert job["groups"]
    except (ValueError, KeyError, TypeError, AssertionError):
        fail(f"{path} is no job file of Distributed-CellProfiler: it has no `groups`.")
    return dict(job)


def _foreach(path: Path, job: Mapping[str, Any], sheet: Sheet) -> list[str]:
    """The wildcards that the groups name; says which rows no group has."""
    groups = [dict(_group(path, each)) for each in job["groups"]]
    names = list(groups[0])
    if unknown := [name for name in names if name not in sheet.columns]:
        fail(f"{path}: the table has no metadata `{unknown[0]}`, by which the job groups.")
    asked = {tuple(group.get(name) for name in names) for group in groups}
    there = {tuple(row[sheet.columns[name]] for name in names) for row in sheet.rows}
    if left := len(there - asked):
        sentence = f"The job has no group for {left} of {len(there)} in the table; the spec runs all: see `where`."
        err.print(sentence, style="yellow", markup=False)
    return names


def _group(path: Path, group: Any) -> Iterator[tuple[str, str]]:
    """A group as `{"Well": "A01", "Site": 1}`, or as `{"Metadata": "Metadata_Well=A01,Metadata_Site=1"}`."""
    if not isinstance(group, dict):
        fail(f"{path}: the group {group!r} is no object.")
    text = group.get("Metadata")
    pairs = [part.split("=", 1) for part in text.split(",")] if isinstance(text, str) else group.items()
    for pair in pairs:
        if len(pair) != 2:
            fail(f"{path}: the group {text!r} is not like `Metadata_Well=A01`.")
        yield str(pair[0]).removeprefix("Metadata_").lower(), str(pair[1])
