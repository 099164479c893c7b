r"""Records real CellProfiler runs of arranged situations, in the form that ``platerunner-unit judge`` reads.

    python tests/unit/judge/record_runs.py --cellprofiler VENV/bin/cellprofiler --pipelines DIR \
        --images make_images.py OUT [NAME...]

Each situation says beforehand what is true of it; label.json keeps that, and the judge never reads it.
"""

import argparse
import csv
import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from situations import SITUATIONS, Job, Situation

KEEP = 16_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cellprofiler", type=Path, required=True)
    parser.add_argument("--pipelines", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    for situation in SITUATIONS:
        if not args.names or situation.name in args.names:
            record(situation, args)
            print(situation.name, flush=True)


def record(situation: Situation, args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="record_") as folder:
        job = make_job(situation, Path(folder), args)
        situation.arrange(job)
        if situation.tmpfs:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={situation.tmpfs}", "tmpfs", job.folder / "out"], check=True
            )
        places = {"job": folder, "cellprofiler": args.cellprofiler, "python": args.cellprofiler.with_name("python")}
        words = [part.format(**places) for part in situation.command]
        if words[0] == "cellprofiler":
            words[0] = str(args.cellprofiler)
        result = run(job, words, situation)
        target = args.out / situation.name
        if target.exists():
            shutil.rmtree(target)
        write(target, job, words, result, situation, args)
        if situation.tmpfs:
            subprocess.run(["umount", job.folder / "out"], check=True)


def make_job(situation: Situation, folder: Path, args: argparse.Namespace) -> Job:
    job = Job(folder)
    for name in ("images", "out", "plugins"):
        (folder / name).mkdir()
    python = args.cellprofiler.with_name("python")
    subprocess.run(
        [python, args.images, job.images, "--size", "128", "--wells", "2", "--sites", "2", "--cells", "6",
         "--csv", job.images / "load_data.csv"], check=True,
    )  # fmt: skip
    if situation.pipeline:
        shutil.copyfile(args.pipelines / situation.pipeline, folder / situation.pipeline)
        (folder / situation.pipeline).chmod(0o644)
        job.pipeline = folder / situation.pipeline
    return job


def run(job: Job, words: list[str], situation: Situation) -> dict[str, object]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    killed, timed_out = None, False
    env = {**os.environ, **situation.env}
    with (job.folder / "stdout.txt").open("wb") as out, (job.folder / "stderr.txt").open("wb") as err:
        process = subprocess.Popen(words, stdout=out, stderr=err, env=env, start_new_session=True, cwd=job.folder)
        if situation.signal is not None:
            wait_for(job.folder / "stderr.txt", b"Image # 2", process)
            process.send_signal(situation.signal)
            killed = signal.Signals(situation.signal).name
        try:
            process.wait(situation.patience)
        except subprocess.TimeoutExpired:
            timed_out = True
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = job.folder / "done.txt"
    return {
        "returncode": process.returncode,
        "timed_out": timed_out,
        "killed_by_harness": killed,
        "wall_s": round(time.monotonic() - start, 2),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2),
        "max_rss_kb": after.ru_maxrss,
        "done_file_requested": "-d" in words,
        "done_file": done.read_text().strip() if done.is_file() else None,
        "expected_sets": situation.sets,
        "outputs": [
            describe(path, job.folder / "out") for path in sorted((job.folder / "out").rglob("*")) if path.is_file()
        ],
    }


def wait_for(path: Path, words: bytes, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None and words not in path.read_bytes():
        time.sleep(0.05)


def describe(path: Path, root: Path) -> dict[str, object]:
    found: dict[str, object] = {"path": str(path.relative_to(root)), "size": path.stat().st_size}
    if path.suffix == ".csv":
        with path.open(newline="", errors="replace") as file:
            rows = list(csv.DictReader(file))
        found["rows"] = len(rows)
        if rows and "Group_Index" in rows[0] and "ObjectNumber" not in rows[0]:
            found["image_numbers"] = [row["ImageNumber"] for row in rows]
            if "Count_Nuclei" in rows[0]:
                found["count_nuclei"] = [row["Count_Nuclei"] for row in rows]
    return found


def write(
    target: Path, job: Job, words: list[str], result: dict[str, object], situation: Situation, args: argparse.Namespace
) -> None:
    target.mkdir(parents=True)
    prefix = str(args.cellprofiler.parent.parent).encode()

    python = subprocess.run(
        [args.cellprofiler.with_name("python"), "-c", "import sys; print(sys.base_prefix)"],
        capture_output=True,
        check=True,
    )
    places = (
        (str(job.folder).encode(), b"/data/job"),
        (prefix, b"/opt/cellprofiler"),
        (python.stdout.strip(), b"/usr/local"),
    )

    def clean(data: bytes) -> bytes:
        for place, name in places:
            data = data.replace(place, name)
        return data

    code = result["returncode"]
    (target / "cmd.txt").write_bytes(clean(shlex.join(words).encode()) + b"\n")
    (target / "exit_code.txt").write_text(f"{128 - code if isinstance(code, int) and code < 0 else code}\n")
    (target / "run.json").write_bytes(clean(json.dumps(result, indent=1).encode()) + b"\n")
    (target / "label.json").write_text(
        json.dumps({"truth": situation.truth, "category": situation.category, "note": situation.note}, indent=1) + "\n"
    )
    for name in ("stdout.txt", "stderr.txt"):
        (target / name).write_bytes(clean(middle_cut((job.folder / name).read_bytes())))
    for path in [
        *job.folder.glob("*.cppipe"),
        *job.folder.glob("*.json"),
        *job.folder.glob("done.txt"),
        job.images / "load_data.csv",
    ]:
        if path.is_file():
            (target / path.name).write_bytes(clean(path.read_bytes()))
    for path in sorted(job.plugins.glob("*.py")):
        (target / "plugins").mkdir(exist_ok=True)
        shutil.copyfile(path, target / "plugins" / path.name)
    for path in sorted((job.folder / "out").glob("*Image.csv")):
        (target / "outputs").mkdir(exist_ok=True)
        (target / "outputs" / path.name).write_bytes(clean(path.read_bytes()))


def middle_cut(data: bytes) -> bytes:
    """A long log keeps its beginning and its end."""
    return data if len(data) <= 2 * KEEP else data[:KEEP] + b"\n" + data[-KEEP:]


if __name__ == "__main__":
    main()
