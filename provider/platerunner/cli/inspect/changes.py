"""`platerunner changes`: what a branch's specs would run and cost, as the comment of a pull request."""

import contextlib
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from platerunner.cli.console import fail
from platerunner.cli.inspect.diff import compare
from platerunner.cli.inspect.review import told_of_review
from platerunner.cli.inspect.spec_session import Roots, SpecSession, spec_sessions
from platerunner.cli.options import DataRoot, Local, WorkspaceRoot
from platerunner.engine.estimates.model import RunEstimate
from platerunner.engine.estimates.texts import HEAD, rows_of, sentences
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.spec.loader import is_shared

STATES = tuple(str(state) for state in UnitState)
MARK = "<!-- platerunner changes -->"
"""By which the comment of an earlier commit is found."""


def changes(
    against: Annotated[str, typer.Argument(help="Revision to compare with, such as `origin/main`.", metavar="REV")],
    folder: Annotated[Path, typer.Argument(help="Folder of specs.", exists=True, file_okay=False)] = Path("dag_specs"),
    *,
    reviews: Annotated[
        Path | None,
        typer.Option(help="Review these specs, too, with a record each in this folder.", metavar="FOLDER"),
    ] = None,
    local: Local = False,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
) -> None:
    """Write what a branch's changes to specs would run and cost, as Markdown for a pull request.

    A spec that cannot be planned is listed with the reason, and the others are planned; the end is 0 even so: whether
    specs are right is what `validate` says.
    """
    now = _specs(folder)
    with _as_it_was(folder, against) as (before, touched):
        then = _specs(before)
        told = [
            _Change(name, before, folder, name in then, reviews)
            for name in now
            if _concerns(name, touched, {*then, *now})
        ]
        lines = [MARK, "## What these pipelines would run", ""]
        for change in told:
            lines += [*change.text(Roots(data_root, workspace_root), local=local), ""]
    lines += [f"`{name}` is gone: its results stay, nothing runs them again." for name in then if name not in now]
    if not told and set(then) <= set(now):
        lines.append(f"No spec of `{folder}` differs from `{against}`, so nothing would run because of this branch.")
    sys.stdout.write("\n".join(lines).rstrip() + "\n")


@dataclass(frozen=True, slots=True)
class _Change:
    """A spec of a branch.

    :param name: of its file.
    :param before: folder of the specs as they were.
    :param now: folder of the specs.
    :param was_there: whether it is one of those that were there.
    :param reviews: folder for the record of its review; None for no review.
    """

    name: str
    before: Path
    now: Path
    was_there: bool
    reviews: Path | None

    def text(self, roots: Roots, *, local: bool) -> Iterator[str]:
        """Its part of the comment."""
        yield f"### `{self.now / self.name}`{'' if self.was_there else ' (new)'}"
        yield ""
        said = io.StringIO()
        lines: list[str] = []
        try:
            with contextlib.redirect_stderr(said):
                specs = [
                    folder / self.name for folder in (self.before, self.now) if folder != self.before or self.was_there
                ]
                with spec_sessions(specs, roots, local=local) as sessions:
                    lines = list(_told(sessions, self.reviews))
        except typer.Exit:
            yield from ("It cannot be planned:", "", "```", said.getvalue().strip(), "```")
        yield from lines


def _told(sessions: Sequence[SpecSession], reviews: Path | None) -> Iterator[str]:
    """A spec, with or without the one that it was."""
    new = sessions[-1]
    plans = new.plans()
    rerun: dict[str, int] = {}
    because: list[str] = []
    if sessions[1:]:
        for found in compare(*sessions):
            rerun[found.step] = len(found.reruns)
            because += [f"{found.step}: {clause}" for clause, _ in found.because]
    yield from _table(("step", *STATES, "done before, again now"), [_counts(plan, rerun) for plan in plans])
    yield from ("", *(f"- {clause}" for clause in because))
    yield from ("", *_cost(new.estimate(plans)))
    if reviews:
        yield from told_of_review(new, plans, reviews)
        yield ""
    yield f"<sub>Results are in {new.workspace.url}.</sub>"


def _counts(plan: StepPlan, rerun: dict[str, int]) -> list[str]:
    counts = plan.counts()
    return [plan.step, *(f"{counts[state]:,}" for state in STATES), f"{rerun.get(plan.step, 0):,}"]


def _cost(found: RunEstimate) -> Iterator[str]:
    if not found.steps:
        yield "Nothing has to run, so nothing would be paid."
        return
    yield from _table(HEAD, rows_of(found))
    yield from ("", "<details><summary>On what the figures stand</summary>", "")
    yield from (f"- {sentence}" for sentence in sentences(found))
    yield from ("", "</details>", "")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from (f"| {' | '.join(row)} |" for row in (head, ["---", *["--:"] * (len(head) - 1)], *rows))


def _specs(folder: Path) -> list[str]:
    paths = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    return [path.name for path in paths if not is_shared(path)]


def _concerns(name: str, touched: Sequence[str], specs: set[str]) -> bool:
    """Whether a change may change what a spec runs: its own file, or one that any spec may use."""
    return any(path == name or path not in specs for path in touched)


@contextlib.contextmanager
def _as_it_was(folder: Path, revision: str) -> Iterator[tuple[Path, list[str]]]:
    """The folder at the point where the branch began, and the files in it that differ now, by their paths below it."""
    start = _git(folder, "merge-base", revision, "HEAD").decode().strip()
    files = [*_git(folder, "diff", "--name-only", "--relative", "-z", start, "--", ".").split(b"\0"),
             *_git(folder, "ls-files", "--others", "--exclude-standard", "-z", "--", ".").split(b"\0")]  # fmt: skip
    touched = [name.decode(errors="replace") for name in files if name]
    with tempfile.TemporaryDirectory(prefix="platerunner-") as made:
        if _git(folder, "ls-tree", start, "--", "."):
            with tarfile.open(fileobj=io.BytesIO(_git(folder, "archive", "--format=tar", start, "--", "."))) as tar:
                tar.extractall(made, filter="data")
        yield Path(made), touched


def _git(folder: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    except OSError as error:
        fail(f"git is needed to compare {folder} with another revision: {error}")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or "no revision is common to both"
        fail(f"{folder} cannot be compared: `git {' '.join(words[:3])}` says: {said}")
    return done.stdout
