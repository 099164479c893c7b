"""`platerunner accept`: a hundred jobs and what can go wrong with them, in a real account or the embedded cloud."""

import contextlib
import getpass
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from platerunner.cli.aws.connection import Connection, connect
from platerunner.cli.console import fail, out, quiet
from platerunner.cli.options import Local, WorkspaceRoot, with_roots
from platerunner.cli.run.checks import check_connection

if TYPE_CHECKING:
    from platerunner.cli.acceptance.bench import Bench
    from platerunner.cli.acceptance.findings import Acceptance, Finding

STYLES = {"holds": "green", "failed": "red", "not judged": "yellow"}
IMAGES = ("imaging:0.1.0", "imaging:latest")
"""Two versions of one program, as the embedded cloud has them."""


def accept(
    *,
    local: Local = False,
    workspace_root: WorkspaceRoot = None,
    image: Annotated[
        str | None, typer.Option(help="An image with python3 that units run in.", show_default=IMAGES[0])
    ] = None,
    next_image: Annotated[
        str | None,
        typer.Option(help="Another version of it, for the act `image`.", show_default=f"with --local {IMAGES[1]}"),
    ] = None,
    second: Annotated[str, typer.Option(help="User name of who may open the gate.", metavar="NAME")] = "second-person",
    skip: Annotated[
        list[str] | None,
        typer.Option(help="Leave an act out, such as `queue` where others work on it; its lines are not judged."),
    ] = None,
    report: Annotated[Path, typer.Option(help="Folder for the report.", file_okay=False)] = Path("acceptance"),
) -> None:
    """Prove an environment by a hundred jobs: failures, retries, images, a closed queue, a killed worker, a gate.

    Ends with 1 if a line fails. `acceptance.html` and `acceptance.json` have each line, what was seen, and how it was
    judged. In an account it takes about 150 jobs of a minute, writes below `acceptance/` of the workspace root, and
    closes the spot queue for a moment.
    """
    from platerunner.cli.acceptance.acts import ACTS  # with the doctor, and so with AWS's clients

    if unknown := sorted(set(skip or ()) - {act.name for act in ACTS}):
        fail(f"--skip {unknown[0]}: there is {', '.join(act.name for act in ACTS)}")
    if not local and next_image is None and "image" not in (skip or ()):
        fail("--next-image: name another version of the image, as NAME:TAG, or leave the act out with --skip image")
    began = time.monotonic()
    with quiet(), _bench(report, workspace_root, image, next_image, second, local=local) as bench:
        findings = tuple(_show(finding) for finding in _carry_out(bench, skip or []))
        done = _acceptance(bench, findings, time.monotonic() - began)
    from platerunner.cli.acceptance.report import write_report

    page = write_report(done, report)
    out.print(f"{done.sentence}\nReport: {page}", markup=False)
    if done.counts["failed"]:  # type: ignore[index]
        raise typer.Exit(1)


@contextlib.contextmanager
def _bench(
    report: Path, workspace_root: str | None, image: str | None, next_image: str | None, second: str, *, local: bool
) -> Iterator["Bench"]:
    from platerunner.cli.acceptance.bench import Asked, Bench
    from platerunner.cli.acceptance.collector import collecting
    from platerunner.cli.run.execution import logging_to

    asked = Asked(report.absolute(), image or IMAGES[0], next_image or IMAGES[1], second)
    report.mkdir(parents=True, exist_ok=True)
    collector = collecting() if local else contextlib.nullcontext()
    with collector as received, connect(local=local) as cloud, logging_to(report / "runs.log"):
        if not local:
            check_connection(cloud.extras)
        yield Bench(cloud, asked, _root(cloud, report, workspace_root), received)


def _root(cloud: Connection, report: Path, workspace_root: str | None) -> str:
    """A folder of the workspace root that no acceptance before has used."""
    given = workspace_root or (str(report) if cloud.registry is not None else None)
    root = with_roots(cloud.extras, None, given)["workspace_root"]
    if cloud.registry is None and "://" not in root:
        fail(
            "--workspace-root: name a place that the jobs reach, like s3://bucket/workspaces; the connection names none"
        )
    return f"{root}/acceptance/{datetime.now(UTC):%Y%m%dT%H%M%S}"


def _carry_out(bench: "Bench", skipped: list[str]) -> Iterator["Finding"]:
    from botocore.exceptions import BotoCoreError, ClientError

    from platerunner.batch.model import BatchError
    from platerunner.cli.acceptance.acts import ACTS
    from platerunner.cli.acceptance.findings import carry_out
    from platerunner.engine.connection import ConnectionProblem
    from platerunner.engine.planning.errors import PlanningError
    from platerunner.engine.steps.endings import FailedError
    from platerunner_unit.contract.storage import StorageError

    known = (BatchError, StorageError, ConnectionProblem, PlanningError, FailedError, ClientError, BotoCoreError)
    yield from carry_out(ACTS, bench, skipped, (*known, TimeoutError))


def _show(finding: "Finding") -> "Finding":
    out.print(f"{finding.seen.judged:<10}", style=STYLES[finding.seen.judged], end="  ")
    out.print(finding.seen.expected, markup=False)
    out.print(f"            {finding.seen.seen}", style="dim", markup=False)
    return finding


def _acceptance(bench: "Bench", findings: tuple["Finding", ...], seconds: float) -> "Acceptance":
    from platerunner.cli.acceptance.findings import Acceptance

    place = "the embedded cloud" if bench.local else f"{bench.extras.get('region') or 'AWS'}, queue {bench.queue}"
    facts = {
        "Taken": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC by {getpass.getuser()}, in {seconds / 60:.1f} minutes",
        "Platerunner": version("airflow-provider-platerunner"),
        "Images": f"{bench.asked.image}, then {bench.asked.next_image}",
        "Kept in": bench.root,
    }
    return Acceptance(place, facts, findings)
