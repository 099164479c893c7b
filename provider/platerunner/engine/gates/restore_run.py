"""The gate of a restore in one run: what is archived, what it costs to bring it back, and whether somebody consents."""

from functools import cached_property

from platerunner.engine.archives import looker
from platerunner.engine.estimates.restore_rates import rates_of
from platerunner.engine.gates.planned_run import PlannedRun
from platerunner.engine.gates.report import Check
from platerunner.engine.planning.archived import ArchivedFile, files_of, find_archived
from platerunner.engine.planning.model import UnitState
from platerunner.engine.planning.restore_prices import GB, Rates, cannot, price_of
from platerunner.engine.planning.settings import data_root
from platerunner.engine.steps.endings import FailedError
from platerunner.spec.dataset import Restore
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.words import show_number, show_usd


class RestorePriceRun(PlannedRun):
    """Compares what a restore would cost with what it may. In place of files it has the archived objects."""

    SUBJECT = "object"

    @property
    def _restore(self) -> Restore:
        assert self.gate.restore is not None
        return self.gate.restore

    @cached_property
    def archived(self) -> list[ArchivedFile]:
        """What would have to be asked for; what is coming back already costs nothing more."""
        look = looker(lambda: self.hook.s3, self.hook.settings.buckets, restored=True)
        roots = {"data": data_root(self.pipeline, self.context)}
        pending = [unit for plan in self.plans for unit in plan.of(UnitState.PENDING)]
        return [file for file in files_of(find_archived(look, roots, pending)).values() if not file.restoring]

    @cached_property
    def files(self) -> list[InputFile]:
        """The archived objects."""
        return [InputFile(file.url, "data", file.size, file.tier, {}) for file in self.archived]

    @cached_property
    def _rates(self) -> Rates:
        return rates_of(self.hook, self.workspace)

    @cached_property
    def numbers(self) -> dict[str, float]:
        """Price, size and number."""
        size = sum(file.size for file in self.archived) / GB
        price = price_of(self.archived, self._restore, self._rates) if self.archived else 0.0
        return {"usd": price, "gb": size, "objects": len(self.archived)}

    @property
    def checks(self) -> list[Check]:
        """The limit, with the price."""
        return [Check("usd", self.numbers["usd"], None, self._restore.ask_above)]

    def passed(self) -> str:
        """Why nobody has to be asked, as a sentence; empty if somebody has.

        :raises FailedError: if the tier cannot bring it back; no approval changes that.
        """
        if not self.archived:
            return "nothing has to be restored from an archive"
        if why := cannot(self.archived, self._restore):
            raise FailedError(f"{self.gate.name}: {why}")
        return "" if self.checks[0].light == "red" else self.said

    @property
    def said(self) -> str:
        """What the comparison comes to, as a clause."""
        price, limit = self.numbers["usd"], self._restore.ask_above or 0.0
        gb = show_number(self.numbers["gb"], 3)
        return (
            f"to restore {len(self.archived):,} objects ({gb} GB) costs about {show_usd(price)} USD of "
            f"{show_usd(limit)} USD {self._rates.said}"
        )

    @property
    def lines(self) -> list[str]:
        """What a dry run says of it."""
        return [f"{self.said[:1].upper()}{self.said[1:]}."]
