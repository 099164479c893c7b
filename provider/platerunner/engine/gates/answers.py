"""What an answer at a gate comes to."""

from dataclasses import dataclass

from platerunner.engine.gates.decisions import Decision, Word
from platerunner.engine.gates.gate_run import GateRun
from platerunner.engine.steps.endings import FailedError

MAX_COMMENT = 4000
"""Characters of a comment that are kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said at a gate, at the terminal."""

    choice: str
    comment: str


def decide(run: GateRun, user_id: str, name: str, *, approved: bool, comment: str, at: str) -> Decision:
    """Check an answer: nobody before has looked at names, or at what the form holds.

    :param run: the gate.
    :param user_id: of who answered; empty if unknown.
    :param name: their user name; empty if unknown.
    :param comment: theirs.
    :param at: when they answered, ISO 8601.
    """
    word: Word = "approved" if approved else "rejected"
    comment = comment.strip()[:MAX_COMMENT]
    if wrong := _wrong(run, user_id, name, word, comment):
        word, comment = "refused", f"{wrong}{f'; they wrote: {comment}' if comment else ''}"
    return Decision(
        decision=word,
        user_id=user_id,
        user=name or user_id or "somebody unknown",
        at=at,
        run_id=run.run_id,
        comment=comment,
        numbers=run.numbers,
    )


def take(run: GateRun, decision: Decision) -> str:
    """Keep a decision; ask again where it does not count.

    :param decision: on the files as they were when the gate asked.
    :returns: why the gate asks again; empty if the decision stands.
    :raises FailedError: if it is a rejection.
    """
    if decision.decision == "refused":
        run.record(decision)
        return f"{decision.sentence}; it asks again."
    asked = run.questions.open()
    if asked is None or asked.fingerprint != run.fingerprint:
        return "The files have changed since the question was asked; look again."
    run.record(decision)
    if decision.decision == "rejected":
        raise FailedError(f"{decision.sentence}; clear this task to ask again")
    return ""


def _wrong(run: GateRun, user_id: str, name: str, word: Word, comment: str) -> str:
    """Why an answer does not count; empty if it does."""
    if not run.approvers.include(user_id, name):
        return f"no approver of this gate ({run.approvers.sentence})"
    if word == "rejected" and not comment:
        return "a rejection needs a comment: what is wrong, and where"
    return ""
