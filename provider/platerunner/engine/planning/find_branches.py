"""Finds the branches of a pipeline: the values of its ``split`` wildcard that its files have or its run asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from platerunner.engine.planning.available import pattern_of
from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import NothingListed, PlanningError, placed
from platerunner.engine.planning.raw_files.dataset import from_dataset
from platerunner.engine.planning.where import as_listed
from platerunner.spec.dataset import FileSet
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import natural_key


@dataclass(frozen=True, slots=True)
class Found:
    """All branches.

    :param branches: in natural order.
    :param excluded: values whose files the spec leaves out, all of them, each with the reason.
    """

    branches: tuple[Branch, ...]
    excluded: Mapping[str, str]


def find_branches(pipeline: Pipeline, context: RunContext, data: Storage) -> Found:
    """List the raw files, and see which branches they make.

    What ``where`` asks for by name has a branch even without files: there it fails, or waits, without the others.

    :param pipeline: with ``split``.
    :param data: the data root.
    :raises NothingListed: if there are no files at all, and no value is asked for.
    :raises PlanningError: if a value of ``where`` or ``exclude`` is unfit for its wildcard's type.
    """
    assert pipeline.split is not None
    with placed(pipeline, "dataset", "where"):
        where = context.where(pipeline.dataset.where)
    with placed(pipeline, "dataset", "files"):
        return _find(pipeline, context, data, where, pipeline.split.wildcard)


def _find(pipeline: Pipeline, context: RunContext, data: Storage, where: Mapping[str, Any], wildcard: str) -> Found:
    sets = _file_sets(pipeline, wildcard)
    found: set[str] = set()
    excluded: dict[str, str] = {}
    nothing: list[NothingListed] = []
    for files in sets:
        try:
            available = from_dataset(files, data, where, pipeline.dataset.exclude)
        except NothingListed as error:
            nothing.append(error)
            continue
        found |= {str(value) for value in available.files.distinct(wildcard)}
        excluded |= {str(each.values[wildcard]): each.because for each in available.excluded}
    found |= _asked(where.get(wildcard), sets[0], wildcard) - set(excluded)
    if not found and nothing:
        raise nothing[0]
    _check_asked(context, wildcard, found)
    reasons = {value: because for value, because in excluded.items() if value not in found}
    return Found(tuple(Branch(wildcard, value) for value in sorted(found, key=natural_key)), reasons)


def _check_asked(context: RunContext, wildcard: str, found: set[str]) -> None:
    """Refuse a run that is restricted to branches which there are not; the steps know their own branch alone."""
    only = context.options.only
    if found and only and not any(each.allows(each.step or "", {wildcard: value}) for each in only for value in found):
        texts = ", ".join(f"`{each.text}`" for each in only)
        there = ", ".join(sorted(found, key=natural_key)[:12])
        raise PlanningError(f"only: {texts} matches no unit; {{{wildcard}}} has the values {there}")


def _file_sets(pipeline: Pipeline, wildcard: str) -> list[FileSet]:
    """Those that steps in branches read; if they read none that have the wildcard, all that have it."""
    having = {name: files for name, files in pipeline.dataset.files.items() if wildcard in pattern_of(files).wildcards}
    steps = [step for step in pipeline.modules if pipeline.in_branches(step.name)]
    read = {ref.name for step in steps for ref in step.inputs.values() if ref.source == "dataset"}
    return [files for name, files in having.items() if name in read] or list(having.values())


def _asked(asked: Any, files: FileSet, wildcard: str) -> set[str]:
    """The values that are asked for, as files of their own would have them."""
    values = asked if isinstance(asked, (list, tuple)) else [asked]
    names = set(files.rename.get(wildcard, {}).values())
    given = [value for value in values if value not in (None, "")]
    pattern = pattern_of(files)
    return {str(value) if value in names else as_listed(pattern, wildcard, value, "where") for value in given}
