"""Limits that agree: the smaller one is not above the larger one, and no time is one that a job never gets."""

from platerunner.catalog import quantities
from platerunner.documents.sentences import where
from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft

LONGEST_ON_FARGATE = "14 d"


def check_ranges(draft: Draft) -> None:
    """Note pairs of limits between which nothing lies, and times that Fargate cuts off."""
    for keys, value, node in draft.places:
        for low, high in node.get("x-ordered", ()) if isinstance(value, dict) else ():
            least, most = value.get(low), value.get(high)
            if _is_number(least) and _is_number(most) and least > most:
                message = f"no value fits {where(keys)}: `{low}` ({least}) is above `{high}` ({most})"
                draft.source.at_value((*keys, high), message, "Exchange the two, or correct one.", "out-of-range")
        if keys[-2:] == ("resources", "timeout") and isinstance(value, str) and not draft.is_doubtful(*keys):
            _check_timeout(draft, keys, value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_timeout(draft: Draft, keys: Keys, text: str) -> None:
    if quantities.duration(text) > quantities.duration(LONGEST_ON_FARGATE):
        message = f"on Fargate a job is ended after {LONGEST_ON_FARGATE}, whatever {where(keys)} says"
        remedy = "Let units do less, or run them on EC2 instances."
        draft.source.warn(draft.source.mark(keys).value, message, remedy, "out-of-range")
