"""`platerunner review`: an architecture review by patterns."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from platerunner.catalog.loader import load_catalog
from platerunner.cli.console import counted, err, fail, out
from platerunner.cli.inspect.spec_session import Roots, SpecSession, spec_session
from platerunner.cli.options import DataRoot, Local, Params, SpecArgument, WorkspaceRoot
from platerunner.engine.planning.model import StepPlan
from platerunner.engine.reviews.known import Known
from platerunner.engine.reviews.patterns import PatternsError, known_patterns, under
from platerunner.engine.reviews.review import Review, ending, is_kept, is_signed, record
from platerunner.engine.reviews.review import review as reviewed
from platerunner.engine.reviews.stack import Stack, StackError

NOT_APPROVED = 1


def review(
    spec: SpecArgument,
    *,
    terraform: Annotated[
        Path | None,
        typer.Option(help="A plan of the stack: what `terraform show -json plan` prints.", exists=True, dir_okay=False),
    ] = None,
    patterns: Annotated[
        Path | None,
        typer.Option(help="Statuses of patterns that replace those that are shipped.", exists=True, dir_okay=False),
    ] = None,
    to: Annotated[Path, typer.Option("--out", "-o", help="Folder of the records.")] = Path("docs/reviews"),
    local: Local = False,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
) -> None:
    """Write an architecture review: patterns that a spec and its stack use, answers, and open questions.

    Ends with 1 unless its patterns alone approve it, or a person signed the record.
    """
    try:
        stack = Stack.read(terraform) if terraform else None
        known = under(patterns) if patterns else known_patterns()
    except (StackError, PatternsError) as error:
        fail(str(error))
    with spec_session(spec, Roots(data_root, workspace_root, param), local=local) as session:
        done = reviewed(known_of(session, _plans(session), stack), known)
    target = to / f"{done.known.pipeline.name}.md"
    signed = _keep(target, record(done, f"`{terraform}`" if terraform else ""))
    _say(done, target, signed=signed)
    if not (done.is_approved or signed):
        raise typer.Exit(NOT_APPROVED)


def told_of_review(session: SpecSession, plans: list[StepPlan], to: Path) -> Iterator[str]:
    """Review a spec by the patterns that are shipped, without its stack, and tell of it in Markdown.

    :param plans: of the spec's steps.
    :param to: folder of the records; one that people signed stays as they left it while it holds.
    """
    done = reviewed(known_of(session, plans, None), known_patterns())
    target = to / f"{done.known.pipeline.name}.md"
    signed = _keep(target, record(done, ""))
    yield f"**Review**: {'Signed in the record.' if signed else ending(done)} Record: `{target}`."
    yield ""
    yield from (f"- to accept: {sentence}" for sentence in _to_accept(done))


def known_of(session: SpecSession, plans: list[StepPlan], stack: Stack | None) -> Known:
    """What a review of a spec may ask.

    :param plans: none if it cannot be planned.
    :param stack: None if there is no plan of Terraform.
    """
    return Known(session.pipeline, load_catalog(), session.connection, plans, session.digests, stack)


def _plans(session: SpecSession) -> list[StepPlan]:
    """None where the data are not there: a pipeline may be reviewed before its first plate; the reason is on stderr."""
    try:
        return session.plans()
    except typer.Exit:
        err.print("It cannot be planned, so questions about its units stay open.", style="yellow", markup=False)
        return []


def _keep(target: Path, text: str) -> bool:
    """Write a record, unless the one that is there still holds; says whether a person signed that one."""
    there = target.read_text(encoding="utf-8") if target.is_file() else ""
    if there and is_kept(there, text):
        return is_signed(there)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{target} cannot be written: {error.strerror}. Give another folder with --out.")
    return False


def _say(done: Review, target: Path, *, signed: bool) -> None:
    for pattern in done.unapproved:
        out.print(f"pattern   {pattern.title}: {pattern.status}", markup=False)
    for sentence in _to_accept(done):
        out.print(f"accept    {sentence}", markup=False)
    for question in done.open:
        out.print(f"open      {question.asks}? ({question.who})", markup=False)
    good = sum(answer is not None for answer in done.answers.values())
    out.print(
        f"{counted(good, 'question')} answered. {'Signed in the record.' if signed else ending(done)}", markup=False
    )
    out.print(f"Record: {target}", markup=False)


def _to_accept(done: Review) -> Iterator[str]:
    for question in done.to_accept:
        answer = done.answers[question]
        assert answer is not None
        yield f"{question.asks}? {answer.text}"
