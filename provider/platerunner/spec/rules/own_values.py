"""Values that the spec itself gives to wildcards of ``foreach``."""

from typing import Any

from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft, texts
from platerunner.spec.split import split_wildcard
from platerunner.spec.templates import is_template
from platerunner_unit.contract.wildcard_types import text_of


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
