"""What must be there of a file set."""

from typing import Any

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys
from platerunner.spec.dataset import Wanted, wanted_of
from platerunner.spec.draft import Draft, texts
from platerunner_unit.contract.patterns import Pattern, PatternError


def check_complete(draft: Draft, name: str, complete: Any) -> None:
    """Note wildcards that the names do not have, and values that they cannot have.

    :param name: of the file set.
    :param complete: as it says it.
    """
    pattern = draft.files[name]
    if pattern is None:
        return
    keys: Keys = ("dataset", "files", name, "complete")
    if not isinstance(complete, dict):
        for index, wildcard in texts(complete):
            if wildcard not in pattern.wildcards:
                _unknown(draft, (*keys, index), name, wildcard, pattern)
        return
    renamed = draft.data["dataset"]["files"][name].get("rename", {})
    for wildcard, wanted in wanted_of(complete).items():
        if wildcard not in pattern.wildcards:
            _unknown(draft, (*keys, wildcard), name, wildcard, pattern)
        elif wildcard in pattern.sources and wanted != Wanted():
            message = f"`{{{wildcard}}}` is made of others, so that its values name no file"
            remedy = f"Write `{wildcard}: all`, or the values of what it is made of."
            draft.source.at_value((*keys, wildcard), message, remedy, "wrong-type")
        else:
            _check_wanted(draft, (*keys, wildcard), wanted, pattern, set(renamed.get(wildcard, {}).values()))


def _unknown(draft: Draft, keys: Keys, name: str, wildcard: str, pattern: Pattern) -> None:
    remedy = suggest(wildcard, pattern.wildcards, "wildcards of its path")
    note = draft.source.at_key if isinstance(keys[-1], str) else draft.source.at_value
    note(keys, f"the path of `{name}` has no `{{{wildcard}}}`", remedy, "unknown-wildcard")


def _check_wanted(draft: Draft, keys: Keys, wanted: Wanted, pattern: Pattern, names: set[str]) -> None:
    wildcard = str(keys[-1])
    if wanted.is_reversed:
        draft.source.at_value(
            keys, "the range ends before it begins", "Write the smaller number first.", "out-of-range"
        )
        return
    for value in (each for each in wanted.values if each not in names):
        try:
            pattern.convert(wildcard, value)
        except PatternError as error:
            remedy = f"Write it as the type of `{{{wildcard}}}` in the files' pattern wants it."
            draft.source.at_value(keys, f"`{{{wildcard}}}`: {error.message}", remedy, "wrong-type")
            return
    plain = [each for each in pattern.wildcards if each not in pattern.sources and each != wildcard]
    for group in (each for each in wanted.per if each not in plain):
        message = f"`{{{group}}}` is no other wildcard of the path"
        draft.source.at_value(keys, message, suggest(group, plain, "wildcards of its path"), "unknown-wildcard")
