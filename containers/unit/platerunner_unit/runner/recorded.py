"""``platerunner-unit judge DIR...``: judges recorded runs by the same evidence and the same judge as live ones.

A folder holds cmd.txt, stdout.txt, stderr.txt, exit_code.txt, perhaps done.txt, the .cppipe, plugins/ and load_data.csv
that were used, outputs/, and run.json: what a supervisor knows of the run.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Optional

from platerunner_unit.cellprofiler import command_line, csv_rows
from platerunner_unit.cellprofiler import pipeline_file as cppipe
from platerunner_unit.cellprofiler import saved_names as cppipe_names
from platerunner_unit.cellprofiler.checks import warnings
from platerunner_unit.cellprofiler.command_line import CommandLine
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Evidence, PreflightProblem, Verdict
from platerunner_unit.judge import judge
from platerunner_unit.log.detector import Detector
from platerunner_unit.regenie import recorded as regenie
from platerunner_unit.runner.recorded_outputs import expected_outputs, sets_in_table

CHUNK = 1 << 18
_PLUGIN_NAME = re.compile(r"""^\s+module_name\s*=\s*["'](\w+)["']""", re.MULTILINE)
_LIMIT = re.compile(r"RSS (\d+) kB")


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Print one line of JSON per folder.

    :param argv: folders; a folder without cmd.txt stands for the folders in it.
    :returns: 0, or 2 if a folder is not a recorded run.
    """
    parser = argparse.ArgumentParser(
        prog="platerunner-unit judge", description="Judge recorded runs of CellProfiler and regenie."
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="a recorded run, or a folder of them")
    code = 0
    for folder in _runs(parser.parse_args(argv).folders):
        if not (folder / "cmd.txt").is_file():
            print(f"{folder}: no recorded run: it has no cmd.txt", file=sys.stderr)
            code = 2
            continue
        print(json.dumps({"case": folder.name, **as_json(judge(evidence(folder)))}, ensure_ascii=False), flush=True)
    return code


def as_json(verdict: Verdict) -> dict[str, Any]:
    """A verdict as the command prints it; ``verdict`` is ``succeeded``, ``partial`` or ``failed``."""
    word = "succeeded" if verdict.category == Category.SUCCEEDED.value else "partial" if verdict.partial else "failed"
    return {
        "verdict": word,
        "category": verdict.category,
        "sentence": verdict.sentence,
        "line": verdict.line,
        "rule": verdict.rule,
        "notes": list(verdict.notes),
    }


def _runs(folders: Iterable[Path]) -> Iterable[Path]:
    for folder in folders:
        inner = sorted(path.parent for path in folder.glob("*/cmd.txt")) if folder.is_dir() else []
        yield from [folder] if (folder / "cmd.txt").is_file() or not inner else inner


def evidence(folder: Path) -> Evidence:
    """Build the evidence of a recorded run.

    :param folder: with ``cmd.txt``.
    """
    run = _json(folder / "run.json")
    if regenie.is_recorded(run):
        return regenie.evidence_of(folder, run, _exit_code(folder, run))
    command = command_line.parse(_text(folder / "cmd.txt"))
    pipeline = _pipeline(folder, command)
    rows = csv_rows.read(folder / "load_data.csv") if "data_file" not in command.options else None
    detector = _detected(folder)
    asked = _asked(run)
    asks = _asks(command, pipeline)
    done_asked = bool(run.get("done_file_requested", "done_file" in command.options))
    return Evidence(
        tool="cellprofiler",
        exit_code=_exit_code(folder, run),
        stopped_by=_stopped_by(run),
        done_file_asked=done_asked,
        done_file=(_text(folder / "done.txt").strip() or run.get("done_file") or None) if done_asked else None,
        sets_asked=asked,
        sets_started=detector.sets_started,
        sets_finished=detector.sets_finished(pipeline.last_module if pipeline else None),
        modules_seen=detector.modules_seen,
        module_blocks=pipeline.blocks if pipeline and pipeline.module_count is not None else None,
        module_count=pipeline.module_count if pipeline else None,
        modules_enabled=tuple((m.name, m.number) for m in pipeline.enabled) if pipeline else (),
        matches=detector.matches,
        tail=detector.tail,
        outputs=expected_outputs(folder, run, pipeline, asks, rows if pipeline and pipeline.has("LoadData") else None),
        preflight=_preflight(folder, command, pipeline, rows, asked),
        peak_memory=_kib(run.get("max_rss_kb")),
        memory_limit=_limit(run),
        asks=asks,
        sets_in_table=sets_in_table(folder, run),
        reached=tuple(sorted(detector.progress.items())),
        set_labels=rows.labels() if rows else (),
        warnings=warnings(pipeline) if pipeline else (),
    )


def _detected(folder: Path) -> Detector:
    detector = Detector()
    for name in ("stdout.txt", "stderr.txt"):
        if (folder / name).is_file():
            with (folder / name).open("rb") as file:
                for chunk in iter(lambda: file.read(CHUNK), b""):
                    detector.feed(chunk)
            detector.feed(b"\n")
    detector.close()
    return detector


def _pipeline(folder: Path, command: CommandLine) -> Optional[cppipe.Cppipe]:
    """The pipeline that was run: the one that the command names; for a batch file, the only one there."""
    named = folder / Path(command.options.get("pipeline", "")).name
    if named.is_file():
        return cppipe.read(named)
    others = sorted(folder.glob("*.cppipe"))
    return cppipe.read(others[0]) if len(others) == 1 and named.suffix in (".h5", ".hdf5") else None


def _asks(command: CommandLine, pipeline: Optional[cppipe.Cppipe]) -> str:
    if command.lists:
        return "listing"
    from_batch_file = command.options.get("pipeline", "").endswith((".h5", ".hdf5"))
    creates = pipeline is not None and pipeline.has("CreateBatchFiles") and not from_batch_file
    return "batch_file" if creates else "image_sets"


def _asked(run: dict[str, Any]) -> Optional[tuple[int, ...]]:
    sets = run.get("expected_sets")
    if isinstance(sets, list):
        return tuple(n for n in sets if isinstance(n, int))
    return () if isinstance(sets, str) and "group" in sets else None


def _exit_code(folder: Path, run: dict[str, Any]) -> Optional[int]:
    code = run.get("returncode")
    text = _text(folder / "exit_code.txt").strip()
    return code if isinstance(code, int) else int(text) if text.isdigit() else None


def _stopped_by(run: dict[str, Any]) -> Optional[str]:
    if run.get("killed_by_harness") and _limit(run) is None:
        return "user"
    return "stall" if run.get("timed_out") else None


def _limit(run: dict[str, Any]) -> Optional[int]:
    """The memory at which the supervisor killed the run, if that is why it did."""
    found = _LIMIT.search(str(run.get("killed_by_harness") or ""))
    return int(found.group(1)) * 1024 if found else None


def _kib(value: Any) -> Optional[int]:
    return value * 1024 if isinstance(value, int) else None


def _preflight(
    folder: Path,
    command: CommandLine,
    pipeline: Optional[cppipe.Cppipe],
    rows: Optional[csv_rows.Rows],
    asked: Optional[tuple[int, ...]],
) -> tuple[PreflightProblem, ...]:
    if pipeline is None or command.lists:
        return ()
    columns = set(rows.columns) if rows and pipeline.has("LoadData") else None
    found = [*cppipe.check(pipeline, _plugins(folder, command), columns)]
    if rows is not None and columns is not None:
        found.extend(cppipe_names.check(pipeline, rows, asked))
    return (*found, *_split_groups(pipeline, rows, asked))


def _plugins(folder: Path, command: CommandLine) -> Optional[set[str]]:
    """Names of the modules that the plugins bring; None if the plugins were not recorded."""
    if "plugins" not in command.options:
        return set()
    files = sorted((folder / "plugins").rglob("*.py"))
    return {name for file in files for name in _PLUGIN_NAME.findall(_text(file))} if files else None


def _split_groups(
    pipeline: cppipe.Cppipe, rows: Optional[csv_rows.Rows], asked: Optional[tuple[int, ...]]
) -> Iterable[PreflightProblem]:
    """A range that takes only a part of a group, in a pipeline whose result is made of the whole group."""
    tags = pipeline.grouping_tags
    if rows is None or not asked or not tags or not pipeline.aggregates:
        return
    for values, members in rows.groups(tags).items():
        taken = members & set(asked)
        if taken and taken != members:
            name = ", ".join(f"{tag} {value}" for tag, value in zip(tags, values))  # noqa: B905 (Python 3.9 has no strict)
            sentence = f"Only {len(taken)} of the {len(members)} image sets of group {name} were asked for."
            yield PreflightProblem(Category.PARTIAL.value, sentence)


def _json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
