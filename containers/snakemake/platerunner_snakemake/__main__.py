"""``platerunner-snakemake UNIT_JSON``: run a Snakemake workflow in the folder that its unit carries.

What Snakemake made in an earlier attempt is there, with its times, so that only what is missing or has changed runs.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from platerunner_snakemake.graph import draw
from platerunner_snakemake.running import ask, run
from platerunner_snakemake.summary import MadeFile, made_files
from platerunner_snakemake.workfolder import OWN, DataError, lay_out

NAME = "platerunner-snakemake"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the workflow; what is wrong ends in one sentence on stderr.

    :param argv: arguments; None for the process's own.
    :returns: Snakemake's exit code, or 1 if it could not be started.
    """
    parser = argparse.ArgumentParser(prog=NAME, description="Run a Snakemake workflow as one unit.")
    parser.add_argument("unit", type=Path, metavar="UNIT_JSON", help="file with the unit's params, inputs and outputs")
    unit = json.loads(parser.parse_args(argv).unit.read_text())
    try:
        return run_unit(unit)
    except DataError as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 1


def run_unit(unit: Mapping[str, Any]) -> int:
    """Run a unit's workflow, and give its files to the unit's outputs.

    :param unit: the content of its ``unit.json``.
    :returns: Snakemake's exit code.
    :raises DataError: if its files cannot be laid out.
    """
    work = Path(unit["carried"])
    snakefile = lay_out(unit, work)
    params = unit["params"]
    options = command(params, snakefile, work)
    targets = [str(target) for target in params.get("targets", ())]
    cores = params.get("cores") or unit.get("requested", {}).get("vcpus") or 1
    ended = run([*options, *running_options(params, int(cores) or 1), *targets], work)
    if not ended.stopped:
        made = made_files(ask([*options, "--summary", *targets], work))
        hand_over(made, work, Path(unit["out"]))
        for picture in unit["outputs"].get("graph", ()) if made else ():
            rules = ask([*options, "--rulegraph", "dot", *targets], work)
            Path(picture["path"]).write_text(draw(rules, made, ended.failed_rules))
        note(unit, ended.sentence(made))
    if ended.code:
        print(f"{NAME}: {ended.sentence(()) or f'Snakemake ended with {ended.code}'}", file=sys.stderr, flush=True)
    return ended.code


def command(params: Mapping[str, Any], snakefile: str, work: Path) -> list[str]:
    """Snakemake with all that decides what there is to do.

    :param snakefile: relative to the work folder.
    """
    own = work / OWN
    configs = sorted(str(path.relative_to(work)) for path in own.glob("config/*"))
    argv = [*snakemake(), "--snakefile", snakefile, "--directory", str(work), "--nolock", "--configfile", *configs]
    argv += ["--workflow-profile", str(params["profile"])] if params.get("profile") else []
    return [*argv, *map(str, params.get("arguments", ())), *(["--forceall"] if params.get("force") else [])]


def snakemake() -> list[str]:
    """Snakemake in this interpreter: another one of ``PATH`` is another version."""
    return [sys.executable, "-m", "snakemake"]


def running_options(params: Mapping[str, Any], cores: int) -> list[str]:
    """How the work is done: a job that fails keeps no other from running, and a torn file is made again."""
    how = ["--cores", str(cores), "--retries", str(params.get("retries", 0))]
    return [*how, "--keep-going", "--rerun-incomplete", "--printshellcmds"]


def hand_over(made: Sequence[MadeFile], work: Path, out: Path) -> None:
    """Give what the workflow has made to the unit's outputs, by a second name and without a copy.

    Files of earlier attempts that no rule makes any more are left behind.
    """
    for name in sorted({name for file in made for name in (file.name, *file.logs)}):
        path = work / name
        within = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
        for each in within:
            target = out / each.relative_to(work)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                _name_again(each.resolve(), target)


def _name_again(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:  # a link of the workflow's to what lies on another disk
        shutil.copy2(path, target)


def note(unit: Mapping[str, Any], sentence: str) -> None:
    """Add a line to the unit's outcome."""
    if sentence:
        with Path(unit["notes"]).open("a", encoding="utf-8") as stream:
            stream.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
