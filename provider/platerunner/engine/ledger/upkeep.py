"""One day's work of keeping ledgers quick to read: the one that pipelines share, and each workspace's own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from platerunner.engine.access import Access
from platerunner.engine.ledger.columns import LedgerError
from platerunner.engine.ledger.files import Ledger
from platerunner.engine.ledger.merging import merge_before
from platerunner.engine.ledger.place import workspace_ledger
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.settings import workspace_url
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.storage import StorageError


@dataclass(frozen=True, slots=True)
class Merging:
    """What became of a ledger.

    :param files: that were merged.
    :param problem: why some were not; empty if none was left.
    """

    url: str
    files: int = 0
    problem: str = ""

    @property
    def sentence(self) -> str:
        """For the log."""
        return f"{self.url}: {self.problem or f'{self.files:,} of its files merged'}"


def merge_everywhere(access: Access, pipelines: Iterable[Pipeline], day: date) -> Iterator[Merging]:
    """Merge the days before one, of the connection's shared ledger and of the pipelines' workspaces.

    A ledger that cannot be merged keeps none of the others back.

    :param pipelines: whose workspaces are looked into.
    """
    if access.settings.ledger:
        yield _merging(Ledger(access.storage(access.settings.ledger)), day)
    urls = dict.fromkeys(workspace_url(each, default_context(access, each)) for each in pipelines)
    for url in urls:
        yield _merging(workspace_ledger(access.storage(url)), day)


def default_context(access: Access, pipeline: Pipeline) -> RunContext:
    """As a run with the spec's own params has it, for where the workspace is."""
    params = {name: schema.get("default") for name, schema in pipeline.params.items()}
    roots = access.settings.roots()
    return RunContext(params, roots["data_root"], roots["workspace_root"])


def _merging(ledger: Ledger, day: date) -> Merging:
    try:
        return Merging(ledger.url, sum(merge_before(ledger, day).values()))
    except (LedgerError, StorageError) as error:
        return Merging(ledger.url, problem=str(error))
