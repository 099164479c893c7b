"""What an acceptance expects, what was seen of it, and how that was judged."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from platerunner.cli.acceptance.bench import Bench


class Judged(StrEnum):
    """What became of an expectation."""

    HOLDS = "holds"
    FAILED = "failed"
    OPEN = "not judged"


class Seen(NamedTuple):
    """What an act saw of one of its expectations.

    :param expected: the expectation, as the act lists it.
    :param seen: what was seen, in figures and names.
    :param holds: None where nobody could judge here.
    :param proof: the command that would judge, where nobody could.
    """

    expected: str
    seen: str
    holds: bool | None
    proof: str = ""

    @property
    def judged(self) -> Judged:
        """The word for it."""
        return {True: Judged.HOLDS, False: Judged.FAILED, None: Judged.OPEN}[self.holds]


@dataclass(frozen=True, slots=True)
class Act:
    """A part of an acceptance.

    :param name: for ``--skip``.
    :param title: for people.
    :param expects: its lines, each a sentence that holds or fails; what it yields answers each of them.
    :param carry_out: does it, and yields what it sees as it sees it.
    """

    name: str
    title: str
    expects: tuple[str, ...]
    carry_out: Callable[["Bench"], Iterator[Seen]]


class Finding(NamedTuple):
    """A line of the report."""

    act: Act
    seen: Seen
    at: str


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A whole acceptance.

    :param place: where it took place, for people.
    :param facts: what else a reader wants to know of it, by name.
    :param findings: a line for each expectation of each act, none left out.
    """

    place: str
    facts: Mapping[str, str]
    findings: tuple[Finding, ...]

    @property
    def counts(self) -> Counter[Judged]:
        """How many lines were judged how."""
        return Counter(finding.seen.judged for finding in self.findings)

    @property
    def sentence(self) -> str:
        """The result, in one line."""
        counts = self.counts
        held = f"{counts[Judged.HOLDS]} of {len(self.findings)} lines hold"
        rest = [f"{counts[word]} {word}" for word in (Judged.FAILED, Judged.OPEN) if counts[word]]
        return f"{', '.join([held, *rest])}."

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        lines = [
            {
                "act": finding.act.name,
                "expected": finding.seen.expected,
                "seen": finding.seen.seen,
                "judged": str(finding.seen.judged),
                "proof": finding.seen.proof,
                "at": finding.at,
            }
            for finding in self.findings
        ]
        counts = {str(word): self.counts[word] for word in Judged}
        return {"format": 1, "place": self.place, "facts": dict(self.facts), "counts": counts, "lines": lines}


def carry_out(
    acts: Iterable[Act], bench: "Bench", skipped: Iterable[str], known: tuple[type[Exception], ...]
) -> Iterator[Finding]:
    """Carry acts out, and yield a line for each of their expectations, whatever happens.

    :param skipped: names of acts that are left out.
    :param known: errors that are about the environment: the act fails with their sentence, and those after it are not
        judged, since each stands on the one before.
    """
    stopped = ""
    left_out = set(skipped)
    for act in acts:
        answered = set()
        why = f"--skip {act.name} left it out" if act.name in left_out else stopped
        if not why:
            try:
                for seen in act.carry_out(bench):
                    answered.add(seen.expected)
                    yield Finding(act, seen, _now())
                why = "the act ended without a word on it"
            except known as error:
                stopped = f"`{act.name}` did not come to its end"
                why = f"{type(error).__name__}: {error}"
                lost = next(each for each in act.expects if each not in answered)
                answered.add(lost)
                yield Finding(act, Seen(lost, why, holds=False), _now())
                why = stopped
        for expected in act.expects:
            if expected not in answered:
                yield Finding(act, Seen(expected, f"Not seen: {why}.", holds=None), _now())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
