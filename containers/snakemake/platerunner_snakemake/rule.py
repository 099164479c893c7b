"""``platerunner-snakemake-rule UNIT_JSON``: run one job of a workflow, in the container that Batch gave it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platerunner_snakemake.running import CACHE

FILES, JOBS, SOURCES = "files/", "jobs/", "sources/"


def main() -> int:
    """Run the job that the unit's own file describes.

    :returns: Snakemake's exit code.
    """
    unit = json.loads(Path(sys.argv[1]).read_text())
    inputs = {file["values"]["number"]: Path(file["path"]) for file in unit["inputs"]["files"]}
    job = json.loads(inputs["0"].read_text())
    work = Path(unit["out"]).with_name("work")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    for path in inputs.values():
        _, here, name = str(path).partition(f"/data/{FILES}")
        if here:
            _link(path, work / name)
    for path in map(Path, unit["params"].get("files", ())):
        _link(path, work / str(path).partition(f"/files/{SOURCES}")[2])
    (work / ".platerunner.json").write_text(json.dumps(job["config"]))
    code = subprocess.run(command(job, work), cwd=work, env={**os.environ, **CACHE}, check=False).returncode
    if code == 0:
        (folder,) = unit["outputs"]["made"]
        hand_over(job, work, Path(folder["path"]))
    return code


def command(job: Mapping[str, Any], work: Path) -> list[str]:
    """Snakemake for this job alone: what others make is there, or is not needed."""
    argv = [sys.executable, "-m", "snakemake", "--snakefile", job["snakefile"], "--directory", str(work), "--nolock"]
    argv += ["--configfile", ".platerunner.json", "--cores", str(job["threads"]), "--attempt", str(job["attempt"])]
    argv += ["--notemp", "--printshellcmds", "--rerun-triggers", "mtime", "--force-use-threads"]
    return [*argv, "--target-jobs", *job["targets"], "--allowed-rules", *job["rules"]]


def hand_over(job: Mapping[str, Any], work: Path, folder: Path) -> None:
    """Give what the job has made to the unit's output."""
    for name in job["made"]:
        path = work / name
        for each in [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file()):
            target = folder / each.relative_to(work)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(each, target)


def _link(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(path)


if __name__ == "__main__":
    sys.exit(main())
