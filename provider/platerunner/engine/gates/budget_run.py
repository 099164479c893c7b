"""The gate of a budget in one run: the estimate, the limits, and whether what would run was approved before."""

import hashlib
import json
import logging
from collections.abc import Iterator
from functools import cached_property
from math import inf

from platerunner.catalog.loader import load_catalog
from platerunner.engine.access import Access
from platerunner.engine.estimates.estimate import estimate
from platerunner.engine.estimates.known import known_to
from platerunner.engine.estimates.model import RunEstimate
from platerunner.engine.estimates.texts import HEAD, rows_of, sentences
from platerunner.engine.gates.asked import Asked
from platerunner.engine.gates.decisions import DECISIONS, Decision, decisions, standing
from platerunner.engine.gates.gate_run import GateRun
from platerunner.engine.gates.planned_run import PlannedRun
from platerunner.engine.gates.report import Check
from platerunner.engine.gates.restore_run import RestorePriceRun
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.planning.prepare import ingredients_of
from platerunner.engine.records.codec import Kind, encode, read
from platerunner.engine.steps.endings import FailedError
from platerunner.engine.telemetry import Point, send
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Gate, Step
from platerunner_unit.contract.keys import estimate_key, gate_prefix
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.telemetry import signals
from platerunner_unit.contract.words import show_usd

log = logging.getLogger(__name__)
ESTIMATE = Kind("an estimate of a run")
MORE = 1.25
"""By which the same units may have become dearer since they were approved."""


def run_of_gate(hook: Access, pipeline: Pipeline, gate: str, context: RunContext) -> GateRun:
    """A gate in one run.

    :param gate: name of the gate.
    :param context: params, roots, the run's id, and the branch that it asks about, if it asks about one.
    """
    spec = pipeline.steps[gate]
    budget, restore = (spec.budget, spec.restore) if isinstance(spec, Gate) else (None, None)
    kind = BudgetRun if budget else RestorePriceRun if restore else GateRun
    return kind(hook, pipeline, gate, context)


class BudgetRun(PlannedRun):
    """Compares what a run would cost with its budget. In place of files it has the units that would run."""

    SUBJECT = "unit"

    @cached_property
    def estimate(self) -> RunEstimate:
        """What the run would take and cost."""
        known = known_to(self.hook, self.workspace, load_catalog(), self.digests)
        return estimate(self.pipeline, self.context, self.plans, known)

    @cached_property
    def files(self) -> list[InputFile]:
        """The units that would run, each with a hash of what decides its result, as far as that is known before."""
        return [
            InputFile(f"{plan.step}/{name}", size=0, etag=mark)
            for plan in self.plans
            for name, mark in self._marks(plan)
        ]

    def _marks(self, plan: StepPlan) -> Iterator[tuple[str, str]]:
        """Pending units with what they are known by: their fingerprint where all that they read is raw files.

        Others read what is still to be written, and will have another fingerprint once it is.
        """
        step = self.pipeline.steps[plan.step]
        assert isinstance(step, Step)
        raw = all(ref.source == "dataset" for ref in step.inputs.values())
        ingredients = ingredients_of(self.pipeline, plan.step, load_catalog(), self.context, self.digests)
        for unit in plan.units:
            if unit.state is UnitState.PENDING:
                yield unit.unit, unit.fingerprint if raw else _hash(ingredients(unit.values))

    @cached_property
    def numbers(self) -> dict[str, float]:
        """The figures of the estimate, by name; what is not known is left out."""
        found, plates = self.estimate, self.estimate.plates
        told = {
            "usd": found.usd.usual,
            "usd_p90": found.usd.high,
            "usd_of_dearest_plate": max(plates.values(), default=None),
            "machine_hours": _hours(found.machine_s.usual),
            "hours": _hours(found.wall_s),
        }
        return {name: value for name, value in told.items() if value is not None}

    @property
    def checks(self) -> list[Check]:
        """The limits, with what the estimate says."""
        budget = self.gate.budget
        assert budget is not None
        limits = (("usd", budget.per_run), ("usd_of_dearest_plate", budget.per_plate))
        return [Check(name, self.numbers.get(name), None, limit) for name, limit in limits if limit is not None]

    def passed(self) -> str:
        """Why nobody has to be asked, as a sentence; empty if somebody has.

        :raises FailedError: if the run would cost too much, and is to stop then.
        """
        budget, said = self.gate.budget, self.said
        assert budget is not None
        self._keep()
        shares = [check.value / check.high for check in self.checks if check.value is not None and check.high]
        if shares:
            send([Point(signals.BUDGET_SHARE, max(shares), {signals.PIPELINE: self.pipeline.name})])
        if not self.files and self.plans:
            return "nothing has to run, so nothing would be paid"
        if self._exceeds and budget.on_exceed == "stop":
            where = self.pipeline.place(("budget",))
            remedy = "run fewer plates or units, raise the budget, or let `on_exceed: ask` ask somebody"
            raise FailedError(f"{self.gate.name}: {said} ({where}): {remedy}")
        if budget.on_exceed != "ask" and (self._exceeds or not self._is_known):
            log.warning("%s: %s", self.gate.name, said)
            return f"{said}; it goes on, since `on_exceed` is `{budget.on_exceed}`"
        return "" if self._exceeds or not self._is_known else said

    @property
    def said(self) -> str:
        """What the comparison comes to, as a clause."""
        over = [check for check in self.checks if check.light == "red"]
        if over:
            return "; ".join(
                f"{WHAT[c.name]} would cost {show_usd(c.value or 0)} USD, and may cost {show_usd(c.high or 0)}"
                for c in over
            )
        if not self._is_known:
            return f"what this run would cost is not known: {self._unknown}"
        shown = (
            f"{WHAT[c.name]} would cost {show_usd(c.value or 0)} of {show_usd(c.high or 0)} USD" for c in self.checks
        )
        return "; ".join(shown)

    @property
    def _exceeds(self) -> bool:
        return any(check.light == "red" for check in self.checks)

    @property
    def _is_known(self) -> bool:
        return bool(self.plans) and not self.estimate.unpriced

    @property
    def _unknown(self) -> str:
        if not self.plans:
            return "raw files have still to arrive"
        return f"no price is known of {', '.join(self.estimate.unpriced)}"

    def approval(self) -> Decision | None:
        """An approval of these units, or of more; not if they have become much dearer, nor if they are to run again."""
        if (own := standing(decisions(self.workspace, self.gate.name, self.fingerprint))) is not None:
            return own if self._still(own) else None
        wanted = {(file.key, file.etag) for file in self.files}
        covering: list[Decision] = []
        covered: set[tuple[str, str]] = set()
        for units, decision in self._approved():
            if self._still(decision) and wanted & units:
                covered |= units
                covering.append(decision)
        # An approval of what nobody knew the price of has no amount that could be exceeded.
        usd = sum(each.numbers.get("usd", inf) for each in covering)
        enough = wanted <= covered and self.numbers.get("usd", 0.0) <= usd * MORE
        return covering[-1] if covering and enough else None

    def _approved(self) -> Iterator[tuple[set[tuple[str, str]], Decision]]:
        """Units that were approved, with the approval."""
        for found in self.workspace.list(gate_prefix(self.gate.name)):
            _, raw = read(DECISIONS, self.workspace, found.key)
            decision = standing([Decision(**entry) for entry in raw["decisions"]])
            if decision is not None:
                yield {(unit["key"], unit["etag"]) for unit in raw["files"]}, decision

    def _still(self, decision: Decision) -> bool:
        """Whether an approval may count for this run: a request to run units again asks for their price again."""
        if self.context.options.rerun and decision.run_id != self.run_id:
            return False
        before, now = decision.numbers.get("usd"), self.numbers.get("usd")
        return before is None or now is None or now <= before * MORE

    @property
    def lines(self) -> list[str]:
        """The estimate for people."""
        found = self.estimate
        figures = rows_of(found) if found.steps else []
        told = (", ".join(f"{head}: {cell}" for head, cell in zip(HEAD, row, strict=True) if cell) for row in figures)
        return [*told, *sentences(found)]

    def question(self, page: str, refused: str = "") -> str:
        """What a person is shown, in Markdown.

        :param page: address of the gate's own page.
        :param refused: why an earlier answer did not count.
        """
        found = self.estimate
        table = [HEAD, ["---"] * len(HEAD), *rows_of(found)]
        may = self.approvers.sentence
        return "\n".join(
            [
                *([f"**{refused}**", ""] if refused else []),
                f"## {self.gate.title}", "", f"{self.said[:1].upper()}{self.said[1:]}.", "",
                *(f"| {' | '.join(row)} |" for row in table), "",
                *(f"- {sentence}" for sentence in sentences(found)), "",
                f"An approval is for these {len(self.files):,} units; further ones are asked about again.",
                *([f"May decide: {may}."] if may else []), "",
                f"[All of it on a page]({page}). Rejecting needs a comment: it is what the scientist reads.",
            ]
        )  # fmt: skip

    def ask(self) -> Asked:
        """Keep that it asks now, and about what; what a person is shown, as data."""
        self._keep()
        return super().ask()

    def _keep(self) -> None:
        """Let others read the estimate: the command line that asks, and who compares it with the ledger later."""
        keep_estimate(self.workspace, self.run_id, self.estimate, self.said, self.lines)


def keep_estimate(workspace: Storage, run_id: str, found: RunEstimate, said: str, lines: list[str]) -> None:
    """Keep what a run was estimated to cost."""
    content = {"said": said, "lines": lines, "estimate": found.to_json()}
    workspace.put(estimate_key(run_id), encode(ESTIMATE, content, indent=1))


def read_estimate(workspace: Storage, run_id: str) -> list[str]:
    """What a run was estimated to cost, as lines for people.

    :raises platerunner_unit.contract.storage.NotFoundError: if nobody did.
    """
    _, raw = read(ESTIMATE, workspace, estimate_key(run_id))
    return [f"{raw['said'][:1].upper()}{raw['said'][1:]}.", *raw["lines"]]


WHAT = {"usd": "this run", "usd_of_dearest_plate": "its dearest plate"}


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3600


def _hash(ingredients: object) -> str:
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True, default=str).encode()).hexdigest()[:32]
