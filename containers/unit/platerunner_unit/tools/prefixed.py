"""Options that want the name of several files without its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from platerunner_unit.tools.command import PlaceholderError


def in_one(argv: Sequence[str], prefixed: Mapping[str, str]) -> Iterator[str]:
    """The arguments, with the files of such an option as the one name that it wants.

    :param argv: filled in.
    :param prefixed: options with the end of the first of their files, such as ``--bed`` with ``.bed``.
    :raises PlaceholderError: if its files are not of one name.
    """
    at = 0
    while at < len(argv):
        yield argv[at]
        if argv[at] in prefixed:
            end = next((n for n in range(at + 1, len(argv)) if argv[n].startswith("-")), len(argv))
            stems = {str(Path(name).with_suffix("")) for name in argv[at + 1 : end]}
            if end - at > 2 and len(stems) > 1:
                raise PlaceholderError(f"{argv[at]} takes files of one name, not {', '.join(sorted(stems))}")
            yield stems.pop() if end - at > 2 or argv[at + 1].endswith(prefixed[argv[at]]) else argv[at + 1]
            at = end - 1
        at += 1
