"""The tables that a step writes: its outputs whose names end like a table's, as its DAG tells their patterns."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from platerunner_pages.known.steps import SeenStep
from platerunner_pages.values.problems import ValuesError
from platerunner_pages.values.rows import SUFFIXES
from platerunner_unit.contract.patterns import Pattern, Value
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import natural_key

FILES = 4000
"""Files of one table that are read for a map."""
LISTED = 100_000
"""Objects that are looked at to find them."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of a table.

    :param etag: changes with its content.
    :param values: what its name tells: wildcard to value.
    """

    key: str
    size: int
    etag: str
    values: Mapping[str, Value]


def tables_of(step: SeenStep) -> dict[str, Pattern]:
    """Name of an output to the pattern of its files, of outputs that are tables."""
    return {name: each for name, each in outputs_of(step).items() if each.text.lower().endswith(SUFFIXES)}


def outputs_of(step: SeenStep) -> dict[str, Pattern]:
    """Name of an output to the pattern of its files; none where the run's version of the DAG does not tell them."""
    return {name: Pattern.parse(text) for name, text in (step.values.get("outputs") or {}).items()}


def files_of(workspace: Storage, pattern: Pattern, plate: str = "", most: int = FILES) -> list[TableFile]:
    """The files of a table, in natural order.

    :param plate: of which they are wanted, if their names tell it; empty for all.
    :param most: how many at most.
    :raises ValuesError: if there are more.
    """
    wanted = pattern.partial({"plate": plate}) if plate and "plate" in pattern.wildcards else pattern
    given = {"plate": plate} if wanted is not pattern else {}
    found: list[TableFile] = []
    for each in islice(workspace.list(wanted.literal_prefix), LISTED):
        if (values := wanted.match(each.key)) is not None:
            found.append(TableFile(each.key, each.size, each.etag, {**given, **values}))
        if len(found) > most:
            raise ValuesError(f"{pattern} has more than {most:,} files: choose one plate.")
    return sorted(found, key=lambda each: natural_key(each.key))


def first_of(workspace: Storage, pattern: Pattern) -> TableFile | None:
    """Any file of a table; None if there is none."""
    listed = islice(workspace.list(pattern.literal_prefix), LISTED)
    matched = ((each, pattern.match(each.key)) for each in listed)
    return next((TableFile(each.key, each.size, each.etag, v) for each, v in matched if v is not None), None)
