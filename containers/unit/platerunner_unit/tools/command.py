"""Any program, by a command line with placeholders.

``{inputs.x}`` and ``{outputs.y}`` are paths, ``{params.z}`` a parameter (or the path of its file), ``{files.a.py}`` the
path of one of ``files``, ``{values.plate}`` a wildcard's value, ``{unit}`` the path of ``unit.json``, ``{table}`` that
of the same as tab-separated lines, ``{out}`` the output folder; ``{{`` and ``}}`` are braces. An argument that is only
a placeholder becomes as many arguments as it has values; one that is a name in ``files`` becomes its path.
Lines that the program writes to the file which ``unit.json`` names as ``notes`` become notes of the outcome.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, TypeVar

from platerunner_unit.contract import hints
from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.contract.manifest import InputFile, OutputFile
from platerunner_unit.contract.unit_keys import folder_of, natural_key, shown_key
from platerunner_unit.tools.job import Job
from platerunner_unit.tools.planes import UnitPlanes

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
FILES = "files"
"""The parameter that names a list of files."""
_BRACES = {"{{": "{", "}}": "}"}
MOST_NOTES = 50
_File = TypeVar("_File", InputFile, OutputFile)


class PlaceholderError(Exception):
    """The command line cannot be filled in; the message is a sentence for people."""


class Command:
    """The tool ``command``."""

    remedy = "Use an image that has it, or correct the step's `argv`."
    loads: tuple[str, ...] = ()

    def prepare(self, job: Job) -> tuple[PreflightProblem, ...]:
        """Write ``unit.json``, make the folders of all outputs and empty parameters, and try the command line."""
        planes = UnitPlanes(job) if job.step.planes else None
        if planes and planes.problems:
            return planes.problems
        for param in job.step.folders:
            job.tool_folder(param).mkdir(parents=True, exist_ok=True)
        unit = _unit(job, planes)
        for files in unit["outputs"].values():
            for file in files:
                Path(file["path"]).parent.mkdir(parents=True, exist_ok=True)
        _unit_json(job).write_text(json.dumps(unit, indent=1))
        _table(job).write_text(_as_table(unit))
        if not self.folder(job).is_dir():
            remedy = "Correct `working_folder` in the step's `with`, or use an image that has it."
            sentence = f"the working folder {self.folder(job)} does not exist in this image."
            return (PreflightProblem("pipeline_invalid", sentence, remedy),)
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
        own = {file.name: f"{{files.{file.name}}}" for file in job.step.files.get(FILES, ())}
        return [text for argument in job.step.argv for text in expand(own.get(argument, argument), known)]

    def folder(self, job: Job) -> Path:
        """Where the program starts: ``out``, beside the step's files, or a place in the image."""
        named = str(job.step.params.get("working_folder", "out"))
        return {"out": job.folder.out, "files": job.tool_folder(FILES)}.get(named, Path("/") / named)

    def flat(self, job: Job) -> Collection[Path]:  # noqa: ARG002
        """None: a program may read stacks by design."""
        return ()

    def environment(self, job: Job) -> dict[str, str]:
        """The step's own; Python tools print their stacks when a stall is ended, and hold nothing back in a buffer."""
        own = job.step.params.get("environment")
        given = {str(name): _texts(value)[0] for name, value in own.items()} if isinstance(own, dict) else {}
        return {"PYTHONFAULTHANDLER": "1", "PYTHONUNBUFFERED": "1", **given}

    def complete(self, job: Job) -> bool:  # noqa: ARG002
        """A command says so by ending, and in no other way."""
        return False

    def evidence(self, job: Job, tail: Sequence[str] = ()) -> dict[str, Any]:  # noqa: ARG002
        """The notes that the program left, besides what the runner sees."""
        notes = _notes_file(job)
        lines = notes.read_text(encoding="utf-8", errors="replace").splitlines() if notes.is_file() else []
        return {"warnings": tuple(line.strip() for line in lines if line.strip())[:MOST_NOTES]}


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
    known = {"unit": [str(_unit_json(job))], "table": [str(_table(job))], "out": [str(job.folder.out)]}
    own = job.step.files.get(FILES, ())
    known.update({f"files.{file.name}": [str(job.tool_folder(FILES) / file.name)] for file in own})
    for kind in ("inputs", "outputs"):
        # A file is named once, however many of its planes the unit has.
        paths = {name: list(dict.fromkeys(file["path"] for file in files)) for name, files in unit[kind].items()}
        known.update({f"{kind}.{name}": found for name, found in paths.items()})
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


def _table(job: Job) -> Path:
    return job.folder.root / "unit.tsv"


def _as_table(unit: Mapping[str, Any]) -> str:
    """A line for each file: kind, name, path, and the values of all wildcards that any file has; for macros and awk."""
    files = [(kind, name, file) for kind in ("inputs", "outputs") for name, each in unit[kind].items() for file in each]
    wildcards = list(dict.fromkeys([*unit["values"], *(name for _, _, file in files for name in file["values"])]))
    lines = [["kind", "name", "path", *wildcards]]
    for kind, name, file in files:
        values = {**unit["values"], **file["values"]}
        lines.append([kind[:-1], name, file["path"], *(str(values.get(wildcard, "")) for wildcard in wildcards)])
    return "".join("\t".join(line) + "\n" for line in lines)


def _unit(job: Job, planes: Optional[UnitPlanes] = None) -> dict[str, Any]:
    """What ``unit.json`` says: for tools that want more than file names.

    :param planes: of its inputs; None where they are not asked for.
    """

    def told(name: str, file: InputFile) -> dict[str, Any]:
        found = planes.of(name, file) if planes else []
        several = {"planes": [{"frame": each.frame, **each.at} for each in found]} if found else {}
        version = {"key": shown_key(file.key), "version": f"{file.size}-{file.etag}"} if job.step.carries else {}
        return {"path": str(job.folder.path_of(file)), "values": file.values, **several, **version}

    inputs = {name: [told(name, file) for file in _in_order(files)] for name, files in job.unit.inputs.items()}
    outputs = {
        name: [
            {"path": str(job.folder.out / _path(file)), "values": file.values, "key": shown_key(file.key)}
            for file in _in_order(files)
        ]
        for name, files in job.unit.outputs.items()
    }
    files = {param: _own_files(job, param) for param in job.step.files}
    return {
        "unit": job.unit.unit,
        "values": job.unit.values,
        "step": job.step.step,
        "params": {**job.step.params, **files},
        "inputs": inputs,
        "outputs": outputs,
        "out": str(job.folder.out),
        "requested": dict(job.step.requested),
        "notes": str(_notes_file(job)),
        **({"left_out": list(job.left_out)} if job.step.leave_out else {}),
        **({"carried": str(job.folder.carried)} if job.step.carries else {}),
    }


def _in_order(files: Sequence[_File]) -> list[_File]:
    """Frame 2 before frame 10; planes of one file stay as they are."""
    return sorted(files, key=lambda file: natural_key(file.key))


def _own_files(job: Job, param: str) -> Any:
    """What a parameter of the step's own files stands for: a path, or for ``files`` a list of them."""
    if param in job.step.folders:
        return str(job.tool_folder(param))
    paths = [str(path) for path in job.tool_files(param)]
    return paths if param == FILES else paths[0]


def _path(file: OutputFile) -> str:
    """Where the tool has to write an output, below its output folder."""
    path = file.source or file.key
    return folder_of(path) or path


def _notes_file(job: Job) -> Path:
    return job.folder.root / "notes.txt"
