"""Parts that several specs share, in YAML files of their own: defaults, params, channel names.

A spec's own keys go before those of its parts, and a later part before an earlier one; mappings are merged key by key,
lists are taken whole. Every value keeps the place where it is written, so that errors point into the right file.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from platerunner.documents import reader
from platerunner.documents.problems import DocumentError, Problem, suggest
from platerunner.documents.sentences import check, what_it_is, where
from platerunner.documents.source import Keys, Source
from platerunner.spec.schema import SHARED_KEYS, shared_schema


class NamedFileError(Exception):
    """A name stands for no file that a spec may use.

    :param message: what is wrong, as a clause.
    :param remedy: what to do, as a sentence.
    :param code: of the problem.
    """

    def __init__(self, message: str, remedy: str, code: str) -> None:
        super().__init__(f"{message}. {remedy}")
        self.message, self.remedy, self.code = message, remedy, code


def find(folder: Path, name: str, *, kind: str) -> Path:
    """The file or folder that a spec names.

    :param folder: of the spec.
    :param name: relative to it.
    :param kind: ``file`` or ``folder``.
    :returns: its path under the name given; only what is checked has its links resolved.
    :raises NamedFileError: if it is not there, or not below the folder.
    """
    if "\0" in name or not name:
        raise NamedFileError("not a file name", "Write a path relative to this spec.", "missing-file")
    base = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(base, name))  # noqa: PTH118  (four times as fast as pathlib's, for each spec)
    there = os.path.isdir(path) if kind == "folder" else os.path.isfile(path)  # noqa: PTH112, PTH113
    if path != base and not path.startswith(os.path.join(base, "")):  # noqa: PTH118
        remedy = "Move it next to the spec and name it relatively."
        raise NamedFileError(f"`{name}` is not below the folder of this spec", remedy, "foreign-file")
    if not there:
        message = f"there is no {kind} `{name}` (looked for it in `{folder}`)"
        raise NamedFileError(message, _nearest(Path(path), kind), "missing-file")
    return (folder / name).absolute()


def _nearest(path: Path, kind: str) -> str:
    try:
        names = [item.name for item in path.parent.iterdir() if item.is_dir() == (kind == "folder")]
    except OSError:
        return f"There is no folder `{path.parent.name}` either; check the path."
    return suggest(path.name, names, f"{kind}s there")


MARK = "_"
"""First character of the name of a file that is a part, no spec: such a file is no DAG of its own."""


def is_shared(path: Path) -> bool:
    """Whether a file holds a part that specs include, by its name."""
    return path.name.startswith(MARK)


def include(source: Source) -> None:
    """Merge what a spec includes into it.

    :param source: changed in place.
    :raises DocumentError: if a part cannot be used: without it, most of what else could be found would be wrong.
    """
    names = source.data.get("include")
    parts = [_part(source, index, name) for index, name in enumerate(names if isinstance(names, list) else ())]
    if source.problems:
        raise DocumentError(source.problems)
    for part in reversed(parts):
        if part is not None:
            _merge(source, source.data, part, part.data, (), source.adopt(part))


def check_shared(path: Path) -> None:
    """Check a part by itself; what it lacks may be in the specs that include it.

    :raises DocumentError: with every problem of the file.
    """
    part = reader.read(path)
    _refuse_foreign(part)
    check(part, shared_schema())
    if part.problems:
        raise DocumentError(part.problems)


def _part(source: Source, index: int, name: Any) -> Source | None:
    keys: Keys = ("include", index)
    if not isinstance(name, str):
        return None  # the schema says what it should be
    folder = source.path.parent
    try:
        find(folder, name, kind="file")
    except NamedFileError as error:
        source.at_value(keys, error.message, error.remedy, error.code)
        return None
    path = folder / name
    if not is_shared(path):
        message = f"`{path.name}` would be taken for a spec of its own"
        remedy = f"Call it `{MARK}{path.name}`: files whose names begin with `{MARK}` are parts of specs."
        source.at_value(keys, message, remedy, "bad-include")
        return None
    part, problems = _read(path)
    if problems:
        source.problems.extend(problems)
        message, remedy = f"`{path.name}` cannot be included as it is", f"Mend its line {problems[0].line}."
        source.at_value(keys, message, remedy, "bad-include")
    return part


def _read(path: Path) -> tuple[Source | None, Sequence[Problem]]:
    """A part, and what is wrong with it as such."""
    try:
        part = reader.read(path)
    except DocumentError as error:
        return None, error.problems
    _refuse_foreign(part)
    return part, part.problems


def _refuse_foreign(part: Source) -> None:
    for key in [key for key in part.data if key not in SHARED_KEYS]:
        del part.data[key]
        remedy = f"Delete it here. {suggest(key, SHARED_KEYS, 'keys that can be shared')}"
        if key == "include":
            remedy = "A part includes no other: delete it here, and list all parts in the `include` of the spec."
        part.at_key((key,), f"`{key}` cannot be shared by specs", remedy, "bad-include")


def _merge(source: Source, own: dict[str, Any], part: Source, data: dict[str, Any], keys: Keys, file: int) -> None:
    """Fill in what a mapping of the spec lacks.

    :param own: the spec's, changed in place.
    :param data: the part's mapping at the same place.
    :param file: number of the part's file in the spec's source.
    """
    for key, value in data.items():
        place = (*keys, key)
        if key not in own:
            own[key] = value
            source.take_marks(part, place, file)
        elif isinstance(own[key], dict) and isinstance(value, dict):
            _merge(source, own[key], part, value, place, file)
        elif isinstance(value, dict) and own[key] is not None:
            _refuse_short_form(source, place, own[key], part, value)


def _refuse_short_form(source: Source, place: Keys, own: Any, part: Source, value: dict[str, Any]) -> None:
    """What a part adds would be lost without a word, such as the channel names of a file set."""
    added = next(iter(value), "keys")
    message = f"{where(place)} is {what_it_is(own)}, but `{part.path.name}` adds `{added}` to it"
    remedy = f"Write it in its long form, like `{place[-1]}: {{path: ...}}`, or take it out of the part."
    source.at_value(place, message, remedy, "bad-include")
