"""The doctor's check of file systems that runs have made: which are still there, and why that may be a mistake."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from platerunner.batch.calls import explained
from platerunner.batch.model import BatchError
from platerunner.cli.aws.doctor_checks import Check, Finding, State
from platerunner.cli.console import fail, out
from platerunner.engine.file_systems.charging import FileSystemCharges, Whose
from platerunner.engine.file_systems.life import services_of, wait_for
from platerunner.engine.file_systems.made import RUN, WORKSPACE, Made, Service

if TYPE_CHECKING:
    from platerunner.engine.access import Access
    from platerunner.hooks.platerunner import PlaterunnerHook

OLD_HOURS = 24.0
"""Hours after which a run has mostly ended."""
CHECK = "file systems"


def _left(kind: str, hook: "PlaterunnerHook") -> Iterator[Finding]:
    if not hook.settings.storage or hook.settings.here:
        return
    found = list(services_of(hook)[kind].all())
    for made in found:
        yield _finding(kind, made)
    if not found:
        yield Finding(State.OK, CHECK, f"runs have left none of the kind {kind}.")


def _finding(kind: str, made: Made) -> Finding:
    whose = f"of the run {made.tags.get(RUN)} in {made.tags.get(WORKSPACE)}"
    said = f"{made.id} ({kind}) {whose} is {made.hours:.0f} hours old"
    if made.hours < OLD_HOURS:
        return Finding(State.OK, CHECK, f"{said}; its run deletes it when it ends.")
    remedy = f"if that run has ended, delete it: platerunner doctor --delete-storage {made.id}"
    return Finding(State.WARN, CHECK, f"{said}, and costs on: {remedy}")


def delete(hook: "Access", name: str) -> None:
    """Delete a file system that a run has made; none that is of others.

    :param name: its id.
    """
    try:
        with explained(f"delete the file system {name}"):
            for service in services_of(hook).values():
                for made in service.all():
                    if made.id == name:
                        wait_for(partial(_end, hook, service, made))
                        out.print(f"{name} is being deleted.", markup=False)
                        return
    except BatchError as error:
        fail(f"{error}.")
    fail(f"no run has made a file system {name} in region {hook.region}, or it is gone already.")


def _end(hook: "Access", service: Service, made: Made) -> float | None:
    """Seconds until the next call is due; the ledger has it before AWS deletes it."""
    whose = Whose.by_tags(made)
    charges = FileSystemCharges(hook, hook.storage(whose.workspace) if whose.workspace else None)
    charges.note(service.kind, made, whose, datetime.now(UTC))
    return None if service.end(made) else PAUSE_S


PAUSE_S = 10.0
CHECKS = (
    Check(CHECK, "fsx:DescribeFileSystems", lambda hook: _left("fsx", hook)),
    Check(CHECK, "elasticfilesystem:DescribeFileSystems", lambda hook: _left("efs", hook)),
)
