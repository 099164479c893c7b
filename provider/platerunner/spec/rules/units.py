"""What a step says of its units besides their wildcards: values of its own, also from tables, samples, batches."""

from typing import Any

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys, NamedFileError
from platerunner.spec.draft import Draft, texts
from platerunner.spec.rules.steps import split_wildcard
from platerunner.spec.templates import is_template
from platerunner.spec.unit_tables import UnitTableError, read_values, tables_of
from platerunner_unit.contract.patterns.wildcard_types import text_of


def check_own_values(draft: Draft) -> None:
    """Note values that no unit can have, ranges that end before they begin, and branches that no file makes."""
    for step, data in draft.steps.items():
        for name, values in data.get("own", {}).items():
            keys: Keys = ("steps", step, "foreach", name)
            _check_values(draft, keys, values)
            if name == split_wildcard(draft):
                message = f"the branches of `split: {name}` come from the files, not from `foreach`"
                remedy = f"Write `{name}: inputs`, or take `split` out."
                draft.source.at_value(keys, message, remedy, "split-again")


def check_unit_tables(draft: Draft) -> None:
    """Note tables of ``foreach`` that are not there, or have no value that a unit can have."""
    for step, data in draft.steps.items():
        for table, columns in tables_of(data["own"]).items() if "own" in data else ():
            wildcard = next(iter(columns))
            keys: Keys = ("steps", step, "foreach", wildcard, "table")
            try:
                read_values(draft.source.path.parent, table, columns)
            except NamedFileError as error:
                draft.source.at_value(keys, error.message, error.remedy, error.code)
            except UnitTableError as error:
                draft.source.at_value(keys, error.message, error.remedy, "wrong-table")
            except OSError as error:
                message = f"`{table}` cannot be read: {error.strerror}"
                draft.source.at_value(keys, message, "Give yourself the right to read it.", "unreadable")


def _check_values(draft: Draft, keys: Keys, values: Any) -> None:
    if isinstance(values, str) and not is_template(values):
        remedy = f"Write `[{values}]`, or `inputs` for the values that the inputs have."
        draft.source.at_value(keys, f"`{values}` is one text, no list of values", remedy, "wrong-type")
    for index, value in texts(values if isinstance(values, list) else ()):
        try:
            text_of("text", value)
        except ValueError as error:
            draft.source.at_value(
                (*keys, index), str(error), "Write a name that may stand in a file's name.", "wrong-type"
            )
    ends = [end for end in values.get("range", ()) if isinstance(end, int)] if isinstance(values, dict) else []
    if len(ends) == 2 and ends[0] > ends[1]:
        message = f"the range of `{keys[-1]}` ends before it begins"
        draft.source.at_value((*keys, "range"), message, f"Write `[{ends[1]}, {ends[0]}]`.", "out-of-range")


def check_sampling(draft: Draft) -> None:
    """Note wildcards that no input supplies."""
    for name, step in draft.steps.items():
        supplied = draft.supplied(name)
        for wildcard in step.get("every", {}) if supplied is not None else ():
            if supplied is not None and wildcard not in supplied:
                remedy = suggest(wildcard, supplied, "wildcards of the inputs")
                message = f"no input of `{name}` has a wildcard `{{{wildcard}}}`"
                draft.source.at_key(("steps", name, "every", wildcard), message, remedy, "unknown-wildcard")


def check_batches(draft: Draft) -> None:
    """Note a ``batch`` of a step with one unit, and one that is counted by what is no wildcard of its units."""
    for name, step in draft.steps.items():
        keys = ("steps", name, "batch")
        if "batch" not in step or draft.is_doubtful(*keys) or draft.is_doubtful("steps", name, "foreach"):
            continue
        foreach = [wildcard for _, wildcard in texts(step.get("foreach"))]
        by = step["batch"].get("by") if isinstance(step["batch"], dict) else None
        if not foreach:
            remedy = "Delete `batch`, or add `foreach` with the wildcards that make a unit."
            draft.source.at_key(
                keys, "a step without `foreach` has one unit, so nothing to put together", remedy, "idle-batch"
            )
        elif by is not None and by not in foreach:
            message = f"units of this step have no `{{{by}}}` of their own"
            remedy = suggest(by, foreach, "wildcards of its `foreach`")
            draft.source.at_value((*keys, "by"), message, remedy, "unknown-wildcard")
