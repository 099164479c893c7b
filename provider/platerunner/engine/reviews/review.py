"""A review as it is kept: patterns with their places, answers, open questions, and how it ends."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from platerunner.engine.reviews import from_spec, from_stack
from platerunner.engine.reviews.known import Answer, Known
from platerunner.engine.reviews.patterns import Question, ReviewPattern, uses

AREAS = ("security", "availability", "deployment", "reproducibility", "quality")
LEFT = "## Left to people"
SIGN = "- [ ] approved by … on …, because …"
MARKS = {True: "good", False: "**to accept**", None: "fact"}


@dataclass(frozen=True)
class Review:
    """A review.

    :param used: patterns with the places of the spec that use them.
    :param answers: question to what is known of it; None for an open one.
    """

    known: Known
    used: Sequence[tuple[ReviewPattern, Sequence[str]]]
    answers: Mapping[Question, Answer | None]

    @property
    def unapproved(self) -> list[ReviewPattern]:
        """The patterns that somebody has to look at."""
        return [pattern for pattern, _ in self.used if pattern.status != "approved"]

    @property
    def to_accept(self) -> list[Question]:
        """The questions whose answers somebody has to accept."""
        return [each for each, answer in self.answers.items() if answer and answer.is_good is False]

    @property
    def open(self) -> list[Question]:
        """The questions that nothing given answers."""
        found = [question for question, answer in self.answers.items() if answer is None]
        return sorted(found, key=lambda question: AREAS.index(question.area))

    @property
    def is_approved(self) -> bool:
        """Whether patterns alone approve it."""
        return not self.unapproved and not self.to_accept


def review(known: Known, patterns: Mapping[str, ReviewPattern]) -> Review:
    """Review a spec."""
    used = [(patterns[name], places) for name, places in uses(known).items()]
    asked = dict.fromkeys(question for pattern, _ in used for question in pattern.questions)
    return Review(known, used, {question: _answer(question.name, known) for question in asked})


def _answer(name: str, known: Known) -> Answer | None:
    """What the stack says; what the spec does, where that does not."""
    if known.stack is not None and name in from_stack.BY_QUESTION:
        found = from_stack.BY_QUESTION[name](known, known.stack)
        if found is not None:
            return found
    return from_spec.BY_QUESTION[name](known) if name in from_spec.BY_QUESTION else None


def record(done: Review, stack: str) -> str:
    """A review as Markdown, the same for the same spec, data and stack.

    :param stack: what the plan of Terraform is called; empty if there was none.
    """
    return "\n".join(_lines(done, stack)).rstrip() + "\n"


def ending(done: Review) -> str:
    """How a review ends, in a sentence."""
    left = f" Open questions: {len(done.open)}." if done.open else ""
    if done.is_approved:
        return f"Approved by its patterns.{left}"
    patterns = [f"the pattern `{each.title}`" for each in done.unapproved]
    answers = [f"the answer to `{each.asks}?`" for each in done.to_accept]
    return f"A person has to approve {', '.join([*patterns, *answers])}.{left}"


def _lines(done: Review, stack: str) -> Iterator[str]:
    pipeline = done.known.pipeline
    yield from (f"# Review of {pipeline.name}", "", f"**{ending(done)}**", "")
    for path in (pipeline.path, *pipeline.parts):
        yield f"- `{path}`, SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
    yield f"- units: {_units(done.known)}"
    yield f"- stack: {stack or 'no plan of Terraform was given'}"
    yield from ("", "## Patterns", "", "| pattern | status | what it means | used by |", "|---|---|---|---|")
    for pattern, places in done.used:
        yield f"| {pattern.title} | {pattern.status} | {pattern.means} | {_few(places)} |"
    for area in AREAS:
        asked = [(each, answer) for each, answer in done.answers.items() if each.area == area and answer]
        if asked:
            yield from ("", f"## {area.capitalize()}", "", "| question | answer | |", "|---|---|---|")
            yield from (f"| {each.asks}? | {answer.text} | {MARKS[answer.is_good]} |" for each, answer in asked)
    if done.open or not done.is_approved:
        yield from ("", LEFT, "", "Write below; it stays as long as what is above does.", "")
        yield from (f"- [ ] {each.area}: {each.asks}? ({each.who})" for each in done.open)
    if not done.is_approved:
        yield SIGN


def is_kept(there: str, text: str) -> bool:
    """Whether a record that is there still holds, with all that people wrote below it."""
    return there.partition(LEFT)[0] == text.partition(LEFT)[0]


def is_signed(there: str) -> bool:
    """Whether a person approved, in the part of a record that is theirs."""
    return SIGN.replace("[ ]", "[x]").partition("…")[0] in there.partition(LEFT)[2]


def _units(known: Known) -> str:
    if not known.plans:
        return "not known, since it could not be planned"
    return ", ".join(f"{plan.step} {len(plan.units):,}" for plan in known.plans)


def _few(places: Sequence[str]) -> str:
    more = f", {len(places) - 3} more" if len(places) > 3 else ""
    return ", ".join(places[:3]) + more
