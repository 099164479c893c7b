"""One day's work of keeping no more than a lab wants: all pipelines, and the ledger that they share."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from platerunner.engine.access import Access
from platerunner.engine.ledger.files import Ledger
from platerunner.engine.ledger.place import workspace_ledger
from platerunner.engine.ledger.upkeep import default_context
from platerunner.engine.periods import Retention
from platerunner.engine.planning.settings import workspace_url
from platerunner.engine.retention.clearing import Cleared, clear_ledger, clear_workspace
from platerunner.engine.retention.due import is_held
from platerunner.spec.model import Pipeline


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a place.

    :param name: a pipeline's, or the address of a ledger.
    :param cleared: None if it is held.
    """

    name: str
    cleared: Cleared | None

    def sentence(self, *, dry_run: bool) -> str:
        """For the log."""
        if self.cleared is None:
            return f"{self.name}: held, nothing goes"
        records = f"; on record in {', '.join(self.cleared.records)}" if self.cleared.records else ""
        return f"{self.name}: {'would take away' if dry_run else 'took away'} {self.cleared.sentence}{records}"


def keep_no_more(access: Access, pipelines: Iterable[Pipeline], now: datetime, *, dry_run: bool) -> Iterator[Kept]:
    """Take away what the connection's `retention` has for due; nothing if it has none.

    :param pipelines: whose workspaces are looked into.
    """
    retention, listed = Retention.of(access.settings.retention), list(pipelines)
    if not retention.periods:
        return
    held = {pipeline.name for pipeline in listed if is_held(pipeline, retention.hold)}
    everything = retention.hold in access.settings.tags
    for pipeline in listed:
        if everything or pipeline.name in held:
            yield Kept(pipeline.name, None)
            continue
        workspace = access.storage(workspace_url(pipeline, default_context(access, pipeline)))
        yield Kept(pipeline.name, clear_workspace(workspace, retention, now, dry_run=dry_run))
        own = workspace_ledger(workspace)
        yield Kept(own.url, clear_ledger(own, retention, now, held, dry_run=dry_run))
    if access.settings.ledger:
        shared = Ledger(access.storage(access.settings.ledger))
        cleared = None if everything else clear_ledger(shared, retention, now, held, dry_run=dry_run)
        yield Kept(shared.url, cleared)
