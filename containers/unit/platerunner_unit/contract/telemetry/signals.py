"""Every metric, of units and of workers: the one table that code, reference and dashboards come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

COUNTER, HISTOGRAM, GAUGE = "counter", "histogram", "gauge"

PIPELINE, STEP, PLATE = "platerunner.pipeline", "platerunner.step", "platerunner.plate"
MODULE, IMAGE = "platerunner.module", "platerunner.image"
VERDICT, STATE, RESULT, GATE = "platerunner.verdict", "platerunner.state", "platerunner.result", "platerunner.gate"
DECISION, JOB_STATUS = "platerunner.gate.decision", "platerunner.job.status"
RESOURCE = (PIPELINE, STEP, MODULE, IMAGE, PLATE)
"""What the resource of a unit's metrics says besides its service: each further attribute multiplies the series."""

_SECONDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 21600.0, 86400.0, 259200.0)
_BYTES = tuple(float(2**power) for power in (20, 23, 25, *range(27, 40)))  # 1 MiB to 512 GiB
_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
_WAITS = (1.0, 10.0, 60.0, 300.0, 1800.0, 3600.0, 14400.0, 86400.0, 259200.0)


@dataclass(frozen=True, eq=False)
class Metric:
    """A metric, as OpenTelemetry names it.

    :param kind: ``counter``, ``histogram`` or ``gauge``; counters and histograms are sent as deltas.
    :param unit: in UCUM: ``s``, ``By``, ``1``, ``{unit}``.
    :param meaning: one clause for a person.
    :param attributes: of its points: attribute to what its values are.
    :param buckets: upper bounds of a histogram's.
    """

    name: str
    kind: str
    unit: str
    meaning: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    buckets: tuple[float, ...] = ()


_CATEGORY = {VERDICT: "category of the verdict"}
_PLACE = {PIPELINE: "name", STEP: "name"}
_ASKED = {PIPELINE: "name", GATE: "name"}
_ENDED = {RESULT: "`succeeded` or `failed`"}

DURATION = Metric("platerunner.unit.duration", HISTOGRAM, "s", "wall time of an attempt", _ENDED, _SECONDS)
PHASE = Metric(
    "platerunner.unit.phase.duration", HISTOGRAM, "s", "wall time of a part of an attempt",
    {"platerunner.phase": "`stage-in`, `tool`, `stage-out`"}, _SECONDS,
)  # fmt: skip
QUEUED = Metric(
    "platerunner.unit.queue.duration", HISTOGRAM, "s", "from the submission of a unit to the start of its attempt",
    buckets=_WAITS,
)  # fmt: skip
SKEWED = Metric("platerunner.unit.clock.skewed", COUNTER, "{unit}", "attempts that began before they were submitted")
MEMORY = Metric("platerunner.unit.memory.peak", HISTOGRAM, "By", "peak memory of the tool", buckets=_BYTES)
MEMORY_SHARE = Metric(
    "platerunner.unit.memory.utilization", HISTOGRAM, "1", "peak memory as a share of what was asked for",
    buckets=_SHARES,
)  # fmt: skip
DISK = Metric("platerunner.unit.disk.used", HISTOGRAM, "By", "disk that an attempt used", buckets=_BYTES)
DISK_SHARE = Metric(
    "platerunner.unit.disk.utilization", HISTOGRAM, "1", "disk used as a share of what was asked for", buckets=_SHARES
)
CPU = Metric("platerunner.unit.cpu.time", COUNTER, "s", "CPU time of the tool")
IO = Metric(
    "platerunner.unit.io", COUNTER, "By", "bytes of input files, as listed, and of output files",
    {"platerunner.io.direction": "`in`, `out`"},
)  # fmt: skip
SETS = Metric(
    "platerunner.unit.image_sets", COUNTER, "{image_set}", "image sets of CellProfiler",
    {"platerunner.image_sets.state": "`asked`, `started`, `finished`"},
)  # fmt: skip
VERDICTS = Metric("platerunner.unit.verdicts", COUNTER, "{unit}", "attempts that a runner judged", _CATEGORY)
DROPPED = Metric("platerunner.telemetry.dropped", COUNTER, "{line}", "lines that did not fit the runner's buffer")
UNIT = (
    DURATION, PHASE, QUEUED, SKEWED, MEMORY, MEMORY_SHARE, DISK, DISK_SHARE, CPU, IO, SETS, VERDICTS, DROPPED,
)  # fmt: skip
"""What the runner in a container sends, once per attempt."""

RUN_DURATION = Metric(
    "platerunner.run.duration", HISTOGRAM, "s", "wall time of a run",
    {PIPELINE: "name", **_ENDED}, _SECONDS,
)  # fmt: skip
STEP_DURATION = Metric(
    "platerunner.step.duration", HISTOGRAM, "s", "wall time of a step in a run", {**_PLACE, **_ENDED}, _SECONDS
)
STEP_UNITS = Metric(
    "platerunner.step.units", COUNTER, "{unit}", "units of a step that ended, by what became of them",
    {**_PLACE, STATE: "`succeeded`, `done_before`, `failed`, `waiting`, `excluded`"},
)  # fmt: skip
ATTEMPTS = Metric(
    "platerunner.step.attempts", COUNTER, "{unit}", "attempts whose verdict was collected, lost ones included",
    {**_PLACE, **_CATEGORY},
)  # fmt: skip
RETRIES = Metric(
    "platerunner.step.retries", COUNTER, "{unit}", "attempts that are made again, by what became of the last",
    {**_PLACE, **_CATEGORY},
)  # fmt: skip
COST = Metric(
    "platerunner.step.cost", COUNTER, "{USD}", "what attempts cost, as the ledger has it", {**_PLACE, **_CATEGORY}
)
UNPRICED = Metric("platerunner.step.unpriced", COUNTER, "{unit}", "attempts whose cost is not known", _PLACE)
BUDGET_SHARE = Metric(
    "platerunner.run.budget.utilization", HISTOGRAM, "1",
    "what a run would cost as a share of its budget, when it begins", {PIPELINE: "name"}, (*_SHARES, 2.0),
)  # fmt: skip
UNITS_NOW = Metric(
    "platerunner.jobs.units", GAUGE, "{unit}", "units of a step's jobs now, by AWS Batch's status",
    {**_PLACE, JOB_STATUS: "`RUNNABLE`, `RUNNING`, ..."},
)  # fmt: skip
OLDEST = Metric(
    "platerunner.jobs.oldest_waiting", GAUGE, "s", "age of the oldest job of a step with units that wait for a machine",
    _PLACE,
)  # fmt: skip
CALLS = Metric("platerunner.poller.calls", COUNTER, "{call}", "looks of the poller at AWS Batch")
TROUBLES = Metric("platerunner.poller.troubles", COUNTER, "{call}", "looks that AWS throttled or refused")
LAG = Metric("platerunner.poller.lag", GAUGE, "s", "how late the event loop of those who wait is")
GATE_ASKED = Metric("platerunner.gate.asked", COUNTER, "{question}", "questions that a gate put", _ASKED)
GATE_WAIT = Metric(
    "platerunner.gate.wait", HISTOGRAM, "s", "from a gate's question to its end",
    {**_ASKED, DECISION: "`approved`, `rejected`, `refused`, `timed out`, `withdrawn`, `abandoned`"}, _WAITS,
)  # fmt: skip
WORKER = (
    RUN_DURATION, STEP_DURATION, STEP_UNITS, ATTEMPTS, RETRIES, COST, UNPRICED, BUDGET_SHARE, UNITS_NOW, OLDEST,
    CALLS, TROUBLES, LAG, GATE_ASKED, GATE_WAIT,
)  # fmt: skip
"""Metrics from the side that runs pipelines: an Airflow worker, its triggerer, `platerunner run`."""
