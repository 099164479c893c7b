"""What the pending units of plans would take and cost: from history, else by the catalog's guess, said as such."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from platerunner.batch.hosts import Host
from platerunner.batch.model import Ask
from platerunner.catalog.model import Module
from platerunner.engine.estimates.file_system import file_system_of
from platerunner.engine.estimates.fit import HIGH, Fit, fit
from platerunner.engine.estimates.measured import measured_of
from platerunner.engine.estimates.model import Amount, RunEstimate, StepEstimate
from platerunner.engine.estimates.samples import OTHERS, Group, History, Like, Sample
from platerunner.engine.estimates.sizes import Sizes, scale_of, usual_output
from platerunner.engine.estimates.spans import between_of, span_of, wall_of
from platerunner.engine.ledger.charges import charge
from platerunner.engine.ledger.columns import Row
from platerunner.engine.ledger.waste import MIB, size
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.planning.settings import Variants
from platerunner.engine.prices.book import PriceBook
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step
from platerunner_unit.contract.manifest import UnitTask

GIB = 1024**3
REFERENCE = Host("", type="m7i.xlarge", vcpus=4.0, memory=16 * GIB)
"""A guess takes the on-demand price of this instance: Batch chooses among many, and tells which only later."""


@dataclass(frozen=True, slots=True)
class Known:
    """What estimates stand on besides plans.

    :param rows: of the ledger, in the order in which they were submitted.
    :param book: of prices, for what has no history; None if nobody may be asked.
    :param platform: ``EC2`` or ``FARGATE``.
    :param mounts: whether jobs can mount a run's file system: the embedded cloud's cannot, so that none is made there.
    :param unread: why parts of the ledger could not be read, once the rows have been.
    """

    modules: Mapping[str, Module]
    digests: Mapping[str, str | None]
    rows: Callable[[], Iterable[Row]]
    book: PriceBook | None = None
    platform: str = "EC2"
    mounts: bool = True
    unread: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Unit:
    """A pending unit.

    :param line: its seconds, without noise.
    :param rate: USD a second; None if no price is known.
    """

    line: float
    rate: float | None
    plate: str | None


def estimate(pipeline: Pipeline, context: RunContext, plans: Sequence[StepPlan], known: Known) -> RunEstimate:
    """What the pending units of all plans would take and cost.

    :param context: params and roots, under which the plans were made.
    :param plans: of the whole pipeline, in its order.
    """
    steps = {step.name: step for step in pipeline.modules}
    pending = [plan for plan in plans if any(unit.state is UnitState.PENDING for unit in plan.units)]
    variants = {plan.step: Variants(steps[plan.step], known.modules, context, pipeline.path.parent) for plan in pending}
    likes = {name: _like(pipeline, name, each, known) for name, each in variants.items()}
    history = History(known.rows(), likes.values()) if pending else History((), ())
    alike = {name: history.find(like) for name, like in likes.items()}
    sizes, found = Sizes(), []
    for plan in pending:
        estimator = _Estimator(steps[plan.step], variants[plan.step], known)
        found.append(estimator.tell(plan, alike[plan.step], sizes))
    own = {name: group[1] for name, group in alike.items() if group is not None and group[0] != OTHERS}
    wall_s = wall_of(pipeline, found, between_of(pipeline, own))
    run = RunEstimate(tuple(found), wall_s, tuple(known.unread))
    return replace(run, file_system=file_system_of(pipeline, context, plans, run, known.book)) if known.mounts else run


def _like(pipeline: Pipeline, step: str, variants: Variants, known: Known) -> Like:
    own = variants.own
    module = known.modules[own.module]
    return Like(pipeline.name, step, own.module, known.digests.get(own.image), bool(module.argv))


class _Estimator:
    """Estimates one step.

    :param variants: its settings by unit.
    """

    def __init__(self, step: Step, variants: Variants, known: Known) -> None:
        self._step = step
        self._variants = variants
        self._known = known
        self._module = known.modules[variants.own.module]
        self._measured: int | None = None

    def tell(self, plan: StepPlan, alike: tuple[str, Group] | None, sizes: Sizes) -> StepEstimate:
        """The step's estimate; what its units will write is noted for the steps after it.

        :param alike: attempts that are like its units, and what they are for people; None if there are none.
        """
        tasks = plan.tasks(UnitState.PENDING)
        if alike is not None:
            return self._from_history(plan.step, tasks, *alike, sizes)
        return self._guess(plan.step, tasks, sizes)

    def _from_history(
        self, step: str, tasks: Iterable[UnitTask], words: str, group: Group, sizes: Sizes
    ) -> StepEstimate:
        takes = self._module.takes
        peaks = [each.peak_memory for each in group.samples if each.peak_memory]
        self._measured = measured_of(peaks).memory
        vcpus = self._variants.own.resources.vcpus
        samples = [each for each in group.samples if each.vcpus == vcpus]
        line, written = fit(samples or group.samples, takes.start if takes else 0.0), usual_output(group)
        rates = _Rates(group)
        units, largest = [], 0.0
        for task in tasks:
            read = sizes.of(task, group)
            largest = max(largest, read or 0.0)
            sizes.note(task, scale_of(read, line), written)
            units.append(_Unit(line.seconds(read), rates.of(self._ask(task)), self._plate(task)))
        lines = [unit.line for unit in units]
        whole = sum(lines) * line.mean
        factor = (1 + group.more_time) * line.mean
        seconds = Amount(sum(lines) * factor, max(line.high(lines) * (1 + group.more_time), sum(lines) * factor))
        usual = median(lines)
        other = "" if samples else ", with other vCPUs than now"
        basis = f"{_counted(len(samples or group.samples), words)}{other}{_beyond(line, largest, group)}"
        money = line.mean * (1 + group.more_money)
        return StepEstimate(
            step, len(units), "history", basis,
            Amount(usual * line.at(0.5), usual * line.at(HIGH)), seconds,
            span_of(group, len(units), whole * (1 + group.more_time), max(lines) * line.mean),
            *_money(units, money, (seconds.high or 0.0) / (seconds.usual or 1.0)),
        )  # fmt: skip

    def _guess(self, step: str, tasks: Iterable[UnitTask], sizes: Sizes) -> StepEstimate:
        takes, units = self._module.takes, []
        for task in tasks:
            read = sizes.of(task)
            seconds = takes.start + takes.per_gib * (read or 0.0) / GIB if takes else 0.0
            sizes.note(task, 1.0, read)  # for want of better: a unit writes as much as it reads
            rate = self._guessed_rate(self._ask(task)) if takes else None
            units.append(_Unit(seconds, rate, self._plate(task)))
        if takes is None:
            basis = f"neither history nor a guess of the module {self._module.name} in the catalog"
            return StepEstimate(step, len(units), "nothing", basis)
        lines = [unit.line for unit in units]
        basis = "no history: the catalog's guess"
        if units[0].rate is not None and self._known.platform != "FARGATE":
            basis += f", at the on-demand price of {REFERENCE.type}"
        usual = median(lines)
        return StepEstimate(
            step, len(units), "guess", basis, Amount(usual, usual), Amount(sum(lines), sum(lines)), max(lines),
            *_money(units, 1.0, 1.0),
        )  # fmt: skip

    def _guessed_rate(self, ask: Ask) -> float | None:
        """USD a second, as if it ran now."""
        if self._known.book is None:
            return None
        fargate = self._known.platform == "FARGATE"
        asked, hour = ask if fargate else replace(ask, capacity="on_demand"), 3600.0
        told = charge(
            asked, self._known.platform, None if fargate else REFERENCE, (time.time(), hour), self._known.book
        )
        return None if told.usd is None else told.usd / hour

    def _ask(self, task: UnitTask) -> Ask:
        resources = self._variants.of(task.values).resources
        ask = Ask.of(resources)
        return replace(ask, memory=self._measured or ask.memory) if resources.measured else ask

    def _plate(self, task: UnitTask) -> str | None:
        return str(task.values["plate"]) if "plate" in self._step.foreach else None


class _Rates:
    """What a second costs, by what a unit asks for."""

    def __init__(self, group: Group) -> None:
        priced = [each for each in group.samples if each.usd is not None]
        self._by_capacity: dict[str, list[Sample]] = defaultdict(list)
        for each in priced:
            self._by_capacity[each.capacity].append(each)
        self._all = priced
        self._known: dict[Ask, float | None] = {}

    def of(self, ask: Ask) -> float | None:
        """USD a second of units of the same capacity, else of any; None if no price is known.

        All that was paid for them to all that they took: a median would leave the dear hosts out.
        """
        if ask not in self._known:
            samples = self._by_capacity.get(ask.capacity) or self._all
            told = [(each.usd_for(ask), each.seconds) for each in samples]
            paid = [(rate, seconds) for rate, seconds in told if rate is not None]
            took = sum(seconds for _, seconds in paid)
            self._known[ask] = sum(rate * seconds for rate, seconds in paid) / took if took else None
        return self._known[ask]


def _money(units: Sequence[_Unit], factor: float, high: float) -> tuple[Amount, Mapping[str, float]]:
    """USD of units, and of each plate; unknown if one's is.

    :param factor: from what units take without noise to what is paid for them.
    :param high: from what is usual to what nine of ten runs do not exceed.
    """
    if any(unit.rate is None for unit in units):
        return Amount(), {}
    plates: dict[str, float] = defaultdict(float)
    paid = [(unit, unit.line * (unit.rate or 0.0) * factor) for unit in units]
    for unit, usd in paid:
        if unit.plate is not None:
            plates[unit.plate] += usd
    usd = sum(usd for _, usd in paid)
    return Amount(usd, usd * high), dict(plates)


def _counted(number: int, words: str) -> str:
    return f"{number:,} {words}" if number > 1 else f"{number} {words.replace('attempts', 'attempt', 1)}"


def _size(count: float) -> str:
    return size(count) if count >= MIB else f"{count / 1024:.3g} KiB"


def _beyond(line: Fit, largest: float, group: Group) -> str:
    """A warning where inputs are of a size that was not seen before."""
    seen = [each.bytes_in for each in group.samples if each.bytes_in]
    if not largest or not seen:
        return ""
    if not line.seen and not min(seen) * 0.8 <= largest <= max(seen) * 1.2:
        return f", all with inputs of about {_size(max(seen))}, scaled to {_size(largest)}"
    return f", scaled beyond the {_size(max(seen))} that were seen" if largest > 1.5 * max(seen) else ""
