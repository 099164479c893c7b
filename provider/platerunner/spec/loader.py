"""From a YAML file to a pipeline, or to all that is wrong with it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from platerunner.catalog.loader import load_catalog
from platerunner.catalog.model import Module
from platerunner.documents import reader
from platerunner.documents.problems import DocumentError, Problem
from platerunner.documents.source import Source
from platerunner.spec.build import build
from platerunner.spec.draft import draft
from platerunner.spec.includes import include
from platerunner.spec.model import Pipeline
from platerunner.spec.problems import SpecError
from platerunner.spec.rules import RULES
from platerunner.spec.rules.modules import check_lists_in_text
from platerunner.spec.rules.outputs import check_meeting


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
    for rule in RULES:
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
    """What is wrong with all members of a matrix stands in one place, and is said once."""
    found: dict[tuple[Path, int, int, str], Problem] = {}
    for problem in problems:
        found.setdefault((problem.path, problem.line, problem.column, problem.code), problem)
    return list(found.values())
