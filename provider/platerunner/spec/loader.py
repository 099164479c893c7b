"""From a YAML file, with the parts that it includes, to a pipeline or to all that is wrong with it.

Parts are what several specs share: defaults, params, channel names. A spec overrides its parts, and a
later part overrides an earlier one; mappings are merged key by key, lists are taken whole. Every value keeps the place
where it is written, so that errors point into the right file.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from platerunner.catalog.loader import load_catalog
from platerunner.catalog.model import Module
from platerunner.documents import reader
from platerunner.documents.problems import DocumentError, Problem, suggest
from platerunner.documents.schema import check
from platerunner.documents.sentences import what_it_is, where
from platerunner.documents.source import Keys, NamedFileError, Source, find_file
from platerunner.spec.build import build
from platerunner.spec.draft import draft
from platerunner.spec.model import Pipeline
from platerunner.spec.problems import SpecError
from platerunner.spec.rules import RULES
from platerunner.spec.rules.modules import check_lists_in_text
from platerunner.spec.rules.same_files import check_meeting
from platerunner.spec.schema import SHARED_KEYS, shared_schema


def load_pipeline(
    path: Path, modules: Mapping[str, Module] | None = None, *, look_into_files: bool = False
) -> Pipeline:
    """Read a spec.

    :param path: its file; files named in ``with`` and ``include`` are relative to its folder.
    :param modules: the catalog; None for the shipped one.
    :param look_into_files: whether it has to fit the files it names, too: its pipelines, and commands that may get
        several files where they take one; asked of a spec that is right.
    :raises SpecError: with every problem of the file and of those that it includes.
    """
    try:
        return _load(reader.read(path), modules, look_into_files=look_into_files)
    except DocumentError as error:
        raise SpecError(error.problems) from None


def load_text(text: str | bytes, path: Path, modules: Mapping[str, Module] | None = None) -> Pipeline:
    """Read a spec that need not be in a file.

    :param text: YAML.
    :param path: where it would be.
    :param modules: as for :func:`load_pipeline`.
    :raises SpecError: with every problem.
    """
    try:
        return _load(reader.parse(text, path), modules)
    except DocumentError as error:
        raise SpecError(error.problems) from None


def _load(source: Source, modules: Mapping[str, Module] | None, *, look_into_files: bool = False) -> Pipeline:
    include(source)
    spec = draft(source, load_catalog() if modules is None else modules)
    for rule, keys in RULES.items():
        if not keys or not spec.keys.isdisjoint(keys):
            rule(spec)
    if look_into_files and not source.is_broken:
        # Rendering and tasks do without: they would read hundreds of kilobytes for each spec, each time.
        from platerunner.spec.rules.pipeline_files import check_pipeline_files

        check_lists_in_text(spec)
        check_meeting(spec)
        if not source.is_broken:
            check_pipeline_files(spec)
    problems = _once(source.problems) if spec.matrices else source.problems
    if source.is_broken:
        raise SpecError(problems)
    return build(spec, sorted(problems))


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """A problem of all members of a matrix stands in one place, and is reported once."""
    found: dict[tuple[Path, int, int, str], Problem] = {}
    for problem in problems:
        found.setdefault((problem.path, problem.line, problem.column, problem.code), problem)
    return list(found.values())


MARK = "_"
"""First character of the name of a part: such a file is not a spec, and not a DAG of its own."""


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
        find_file(folder, name, kind="file")
    except NamedFileError as error:
        source.at_value(keys, error.message, error.remedy, error.code)
        return None
    path = folder / name
    if not is_shared(path):
        message = f"`{path.name}` would be taken for a spec of its own"
        remedy = f"Call it `{MARK}{path.name}`: files whose names begin with `{MARK}` are parts of specs."
        source.at_value(keys, message, remedy, "bad-include")
        return None
    part, problems = _read_part(path)
    if problems:
        source.problems.extend(problems)
        message, remedy = f"`{path.name}` cannot be included as it is", f"Fix its line {problems[0].line}."
        source.at_value(keys, message, remedy, "bad-include")
    return part


def _read_part(path: Path) -> tuple[Source | None, Sequence[Problem]]:
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
    """What a part adds would be lost silently, such as the channel names of a file set."""
    added = next(iter(value), "keys")
    message = f"{where(place)} is {what_it_is(own)}, but `{part.path.name}` adds `{added}` to it"
    remedy = f"Write it in its long form, like `{place[-1]}: {{path: ...}}`, or take it out of the part."
    source.at_value(place, message, remedy, "bad-include")
