"""Evidence of a recorded run of regenie: a folder with its question, its output and its files.

``run.json`` holds what a supervisor knows, with ``asked`` (step, part, traits, variants, samples, expected outputs);
``outputs.json`` what it measured of each output. Truths that a record may also hold are not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

from platerunner_unit.contract.evidence import Evidence, OutputFound
from platerunner_unit.contract.regenie import RegenieOutput, RegenieRun
from platerunner_unit.regenie.command_line import argv_of, asked_of
from platerunner_unit.regenie.log import read
from platerunner_unit.regenie.tables import trait_of

TAIL = 20


def is_recorded(run: dict[str, Any]) -> bool:
    """Whether a ``run.json`` is of regenie: that of other tools does not mention steps."""
    return isinstance(run.get("asked"), dict) and "step" in run["asked"]


def evidence_of(folder: Path, run: dict[str, Any], exit_code: Optional[int]) -> Evidence:
    """Build the evidence of a recorded run.

    :param folder: with ``cmd.txt``, ``stdout.txt``, ``stderr.txt``, perhaps ``regenie.log`` and ``outputs.json``.
    :param run: its ``run.json``.
    :param exit_code: as :class:`Evidence` has it.
    """
    texts = [_text(folder / name) for name in ("stdout.txt", "stderr.txt", "regenie.log")]
    asked = run["asked"]
    traits = asked.get("traits") or ()
    outputs = tuple(_outputs(folder, asked))
    return Evidence(
        tool="regenie",
        exit_code=exit_code,
        stopped_by=_stopped_by(run),
        tail=tuple("\n".join(texts[:2]).splitlines()[-TAIL:]),
        outputs=tuple(OutputFound(output.name, output.size) for output in outputs),
        oom_kills=run.get("cgroup_oom_kills"),
        peak_memory=_bytes(run.get("peak_rss_kb")),
        regenie=RegenieRun(
            asked_of(argv_of(_text(folder / "cmd.txt")), traits, asked.get("variants"), asked.get("samples")),
            # Where options are wrong no log is written, and that of an earlier run stays.
            read(texts if run.get("returncode") == 0 else texts[:2]),
            outputs,
        ),
    )


def _outputs(folder: Path, asked: dict[str, Any]) -> Iterator[RegenieOutput]:
    text = _text(folder / "outputs.json")
    found = {output["name"]: output for output in json.loads(text)} if text else {}
    for name in asked.get("expected_outputs") or ():
        output = found.get(name, {})
        yield RegenieOutput(
            name=name,
            trait=trait_of(name, asked.get("traits") or ()),
            size=None if output.get("missing") or output.get("changed") is False else output.get("size"),
            rows=output.get("rows"),
            whole=_is_whole(output),
            columns=output.get("columns"),
            chromosomes=tuple(output.get("chroms") or ()),
        )  # fmt: skip


def _is_whole(output: dict[str, Any]) -> bool:
    same_columns = output.get("columns_last_row", output.get("columns")) == output.get("columns")
    return same_columns and output.get("ends_with_newline", True) and output.get("gzip_whole", True)


def _stopped_by(run: dict[str, Any]) -> Optional[str]:
    if run.get("timed_out"):
        return "timeout"
    return "user" if run.get("signal_sent_by_supervisor") else None


def _bytes(kib: Any) -> Optional[int]:
    return kib * 1024 if isinstance(kib, int) else None


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
