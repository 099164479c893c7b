"""Problems of a document, each with its place and its remedy."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from platerunner_unit.contract.words import and_more

_WIDEST = 110


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong.

    :param path: the file.
    :param line: from 1.
    :param column: from 1, in characters.
    :param message: a clause: what is wrong, without a full stop.
    :param remedy: a sentence or two: what to do.
    :param code: stable name of the rule, e.g. ``unknown-key``.
    :param excerpt: the line as written in the file.
    :param severity: ``error``, or ``warning`` for what can be used as it is, but is probably not meant.
    """

    path: Path
    line: int
    column: int
    message: str
    remedy: str = ""
    code: str = field(default="invalid", compare=False)
    excerpt: str = field(default="", compare=False)
    severity: str = field(default="error", compare=False)

    @property
    def is_error(self) -> bool:
        """Whether the document cannot be used with it."""
        return self.severity == "error"

    def __str__(self) -> str:
        text = f"{self.path}:{self.line}:{self.column}: {self._word}{self.message}. {self.remedy}".rstrip()
        return f"{text}\n{self._caret()}" if self.excerpt.strip() else text

    @property
    def _word(self) -> str:
        return "" if self.is_error else f"{self.severity}: "

    def _caret(self) -> str:
        """The line and, below it, a caret; of a very long line the part around the column."""
        start = max(0, self.column - 1 - _WIDEST // 2) if len(self.excerpt) > _WIDEST else 0
        line = self.excerpt[start : start + _WIDEST].replace("\t", " ")
        return f"    {line}\n    {' ' * (self.column - 1 - start)}^"


class DocumentError(ValueError):
    """A document cannot be used.

    :param problems: at least one; sorted by place, each once.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type["DocumentError"], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The right name that was probably meant.

    :param name: as written.
    :param names: the right ones.
    :returns: None if nothing is near.
    """
    candidates = sorted(set(names))
    for same in (
        str.casefold,
        lambda text: sorted(text.casefold()),
    ):  # same letters, in other case or order
        alike = [each for each in candidates if same(each) == same(name)]
        if alike:
            return alike[0]
    found = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    if not found:
        by_lower = {candidate.lower(): candidate for candidate in candidates}
        found = [by_lower[near] for near in difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)]
    return found[0] if found else None


def suggest(name: str, names: Iterable[str], what: str) -> str:
    """A remedy for a wrong name.

    :param names: the right ones.
    :param what: plural noun for them, e.g. ``steps before it``.
    """
    listed = sorted(set(names))
    near = nearest(name, listed)
    if near is not None:
        return f"Did you mean `{near}`?"
    if not listed:
        return f"There are no {what} here."
    more = and_more(len(listed) - 12)
    return f"Use one of the {what}: {', '.join(f'`{n}`' for n in listed[:12])}{more}."
