"""Any program, by a command line with placeholders.

``{inputs.x}`` and ``{outputs.y}`` are paths, ``{params.z}`` a parameter (or the path of its file), ``{values.plate}`` a
wildcard's value, ``{unit}`` the path of ``unit.json``, ``{out}`` the output folder; ``{{`` and ``}}`` are braces. An
argument that is nothing but a placeholder becomes as many arguments as it has values.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from platerunner_unit.contract import hints
from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.tools.job import Job

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_BRACES = {"{{": "{", "}}": "}"}


class PlaceholderError(Exception):
    """The command line cannot be filled in; the message is a sentence for people."""


class Command:
    """The tool ``command``."""

    remedy = "Use an image that has it, or correct the step's `argv`."

    def prepare(self, job: Job) -> tuple[PreflightProblem, ...]:
        """Write ``unit.json``, make the folders of all outputs and empty parameters, and try the command line."""
        for param in job.step.folders:
            job.tool_folder(param).mkdir(parents=True, exist_ok=True)
        unit = _unit(job)
        for files in unit["outputs"].values():
            for file in files:
                Path(file["path"]).parent.mkdir(parents=True, exist_ok=True)
        _unit_json(job).write_text(json.dumps(unit, indent=1))
        try:
            self.command(job)
        except PlaceholderError as error:
            return (PreflightProblem("pipeline_invalid", f"{error}.", hints.ARGV),)
        return ()

    def command(self, job: Job) -> list[str]:
        """The step's command line, filled in.

        :raises PlaceholderError: if it names something that the unit does not have.
        """
        known = _known(job)
        return [text for argument in job.step.argv for text in expand(argument, known)]

    def flat(self, job: Job) -> Collection[Path]:  # noqa: ARG002
        """None: a program may read stacks by design."""
        return ()

    def environment(self, job: Job) -> dict[str, str]:  # noqa: ARG002
        """Python tools print their stacks when a stall is ended, and nothing is held back in a buffer."""
        return {"PYTHONFAULTHANDLER": "1", "PYTHONUNBUFFERED": "1"}

    def complete(self, job: Job) -> bool:  # noqa: ARG002
        """A command says so by ending, and in no other way."""
        return False

    def evidence(self, job: Job) -> dict[str, Any]:  # noqa: ARG002
        """Nothing besides what the runner sees."""
        return {}


def expand(argument: str, known: Mapping[str, Sequence[str]]) -> list[str]:
    """Fill in one argument of a command line.

    :param argument: with any number of placeholders.
    :param known: placeholder to its values.
    :raises PlaceholderError: if a placeholder is unknown, or stands for several values inside a longer argument.
    """
    whole = _PLACEHOLDER.fullmatch(argument)
    if whole and whole[1] is not None:
        return list(_values(whole[1], argument, known))

    def one(match: re.Match[str]) -> str:
        if match[1] is None:
            return _BRACES[match[0]]
        values = _values(match[1], argument, known)
        if len(values) != 1:
            raise PlaceholderError(
                f"argv `{argument}`: `{{{match[1]}}}` stands for {len(values)} values here; "
                "inside a longer argument it must be one, so give it an argument of its own"
            )
        return values[0]

    return [_PLACEHOLDER.sub(one, argument)]


def _values(name: str, argument: str, known: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    remedy = f"did you mean `{{{near[0]}}}`?" if near else f"known are {', '.join(f'`{{{k}}}`' for k in sorted(known))}"
    raise PlaceholderError(f"argv `{argument}`: nothing is called `{{{name}}}`; {remedy}")


def _known(job: Job) -> dict[str, list[str]]:
    unit = _unit(job)
    known = {"unit": [str(_unit_json(job))], "out": [str(job.folder.out)]}
    for kind in ("inputs", "outputs"):
        known.update({f"{kind}.{name}": [file["path"] for file in files] for name, files in unit[kind].items()})
    known.update({f"params.{name}": _texts(value) for name, value in unit["params"].items()})
    known.update({f"values.{name}": _texts(value) for name, value in job.unit.values.items()})
    return known


def _texts(value: Any) -> list[str]:
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, str):
        return [value]
    return [json.dumps(value)]  # true, null and numbers as every language writes them


def _unit_json(job: Job) -> Path:
    return job.folder.root / "unit.json"


def _unit(job: Job) -> dict[str, Any]:
    """What ``unit.json`` says: for tools that want more than file names."""
    inputs = {
        name: [{"path": str(job.folder.path_of(file)), "values": file.values} for file in files]
        for name, files in job.unit.inputs.items()
    }
    outputs = {
        name: [
            {"path": str(job.folder.out / (file.source or file.key)), "values": file.values, "key": file.key}
            for file in files
        ]
        for name, files in job.unit.outputs.items()
    }
    files = {param: str(_file_or_folder(job, param)) for param in job.step.files}
    return {
        "unit": job.unit.unit,
        "values": job.unit.values,
        "step": job.step.step,
        "params": {**job.step.params, **files},
        "inputs": inputs,
        "outputs": outputs,
        "out": str(job.folder.out),
    }


def _file_or_folder(job: Job, param: str) -> Path:
    return job.tool_folder(param) if param in job.step.folders else job.tool_files(param)[0]
