"""Values that people take for one and the plan for two: A1 and A01, DAPI and dapi, an umlaut in two characters."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator

from platerunner.engine.planning.files import Files
from platerunner_unit.contract.patterns import Pattern

_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_MOST = 10_000
"""Values of a wildcard up to which they are compared; more are no plates, wells or channels."""


def alike_notes(name: str, files: Files, pattern: Pattern) -> Iterator[str]:
    """Notes on values of a wildcard that differ in capitals, leading zeros or Unicode's forms alone.

    :param name: of the file set.
    """
    for wildcard in pattern.wildcards:
        values = sorted({each for each in files.distinct(wildcard) if isinstance(each, str)})
        groups: defaultdict[str, list[str]] = defaultdict(list)
        for value in values if len(values) <= _MOST else ():
            groups[_ZEROS.sub("", unicodedata.normalize("NFC", value).casefold())].append(value)
        pairs = [group for group in groups.values() if len(group) > 1]
        if pairs:
            more = f" ({len(pairs):,} such groups)" if len(pairs) > 1 else ""
            names = " and ".join(map(_shown, pairs[0]))
            remedy = f"Give them one name with `rename: {{{wildcard}: ...}}`"
            if wildcard == "well" and "{well}" in pattern.text:
                remedy = "Write `{well:well96}` (or `well384`, `well1536`)"
            yield f"dataset.{name}: {wildcard} {names} count as {len(pairs[0])}{more}. {remedy} if they are one."


def _shown(value: str) -> str:
    """A value, with its characters spelt out where they are composed of several."""
    is_composed = value == unicodedata.normalize("NFC", value)
    return f"`{value}`" if is_composed else f"`{ascii(value)[1:-1]}`"
