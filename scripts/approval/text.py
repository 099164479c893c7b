"""Tables and lists, as Markdown."""

from collections.abc import Iterable, Iterator, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A table; one word where it has no row."""
    found = list(rows)
    if not found:
        yield "Nothing."
        return
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in found:
        yield f"| {' | '.join(str(cell) for cell in row)} |"


def many(value: object) -> list[str]:
    """A list of texts, of what may be one text alone."""
    return [str(each) for each in (value if isinstance(value, list) else [value])]
