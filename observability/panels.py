"""The dashboards, as data: what each panel shows, in which unit, and what it is for."""

from dataclasses import dataclass

from observability.promql import (
    CHOSEN,
    GATE,
    PIPELINE,
    PLATE,
    RESULT,
    STATE,
    STATUS,
    STEP,
    VERDICT,
    airflow,
    grown,
    grown_series,
    quantile,
    series,
)
from platerunner_unit.contract.telemetry import signals
from platerunner_unit.contract.telemetry.signals import COUNTER

RANGE = "$__range"
RUNBOOK = "https://github.com/OWNER/platerunner/blob/main/docs/runbook.md"
"""For links; mkdocs.yml names the same repository."""
LOST = f'{VERDICT}=~"spot_interrupted|host_lost"'
FAILED = f'{CHOSEN}, {VERDICT}!="succeeded"'


@dataclass(frozen=True)
class Panel:
    """A panel.

    :param kind: ``timeseries``, ``stat`` or ``bars`` of Prometheus, ``logs`` of Loki, ``spans`` of Tempo.
    :param unit: as Grafana names it: ``s``, ``bytes``, ``short``, ``percentunit``, ``currencyUSD``.
    :param about: what it shows, and what to do about it.
    :param queries: PromQL with the legend of its answers; LogQL and TraceQL have none.
    :param warn: from which value on it is yellow; None for never.
    :param bad: from which value on it is red; None for never.
    :param alert: whose place in the runbook it leads to; empty for none.
    """

    title: str
    kind: str
    unit: str
    about: str
    queries: tuple[tuple[str, str], ...]
    warn: float | None = None
    bad: float | None = None
    alert: str = ""


@dataclass(frozen=True)
class Board:
    """A dashboard.

    :param uid: its name in addresses.
    """

    uid: str
    title: str
    about: str
    panels: tuple[Panel, ...]


PLACE = f"{PIPELINE}, {STEP}"
OF_STEP = f"{{{{{PIPELINE}}}}} {{{{{STEP}}}}}"

RUNS = Board("platerunner-runs", "Platerunner: runs now", "What runs, what waits for whom, what has ended.", (
    Panel("Units now", "timeseries", "short", "Units of all jobs by AWS Batch's status. RUNNABLE that never become "
          "RUNNING: see Queues.", ((f"sum by ({STATUS}) ({series(signals.UNITS_NOW, CHOSEN)})", f"{{{{{STATUS}}}}}"),)),
    Panel("Units that ended", "stat", "short", "Units of steps that ended in this time, by what became of them.",
          ((grown(signals.STEP_UNITS, RANGE, STATE, CHOSEN), f"{{{{{STATE}}}}}"),)),
    Panel("Steps that ended", "stat", "short", "Steps that ended in this time. A failed one says why in its log.",
          ((grown(signals.STEP_DURATION, RANGE, RESULT, CHOSEN, "count"), f"{{{{{RESULT}}}}}"),), alert="StepFailed"),
    Panel("Runs that ended", "stat", "short", "Runs that ended in this time. The page of a run in Airflow says what stopped it.",
          ((grown(signals.RUN_DURATION, RANGE, RESULT, CHOSEN, "count"), f"{{{{{RESULT}}}}}"),), alert="RunFailed"),
    Panel("How long steps take", "bars", "s", "Nine of ten steps took at most so long, by pipeline and step.",
          ((quantile(0.9, signals.STEP_DURATION, RANGE, PLACE, CHOSEN), OF_STEP),)),
    Panel("How long runs take", "bars", "s", "Nine of ten runs took at most so long.",
          ((quantile(0.9, signals.RUN_DURATION, RANGE, PIPELINE, CHOSEN), f"{{{{{PIPELINE}}}}}"),)),
    Panel("Gates that wait", "stat", "short", "Questions that nobody has answered yet.", ((
        f"sum by ({PIPELINE}, {GATE}) ({series(signals.GATE_ASKED, CHOSEN)}) - (sum by ({PIPELINE}, {GATE}) "
        f"({series(signals.GATE_WAIT, CHOSEN, 'count')}) or 0 * sum by ({PIPELINE}, {GATE}) "
        f"({series(signals.GATE_ASKED, CHOSEN)}))", f"{{{{{PIPELINE}}}}} {{{{{GATE}}}}}"),), warn=1, alert="GateWaiting"),
    Panel("How long gates waited", "bars", "s", "Half of the questions waited at most so long for their end.",
          ((quantile(0.5, signals.GATE_WAIT, RANGE, f"{PIPELINE}, {GATE}", CHOSEN),
            f"{{{{{PIPELINE}}}}} {{{{{GATE}}}}}"),)),
))  # fmt: skip
PLATES = Board("platerunner-plates", "Platerunner: plates", "How the units of each plate end, and how long they take.", (
    Panel("Verdicts by plate", "bars", "short", "Attempts in this time by plate and category; the plate map in Airflow "
          "shows the wells.", ((grown(signals.VERDICTS, RANGE, f"{PLATE}, {VERDICT}", CHOSEN),
                                f"{{{{{PLATE}}}}} {{{{{VERDICT}}}}}"),)),
    Panel("Half of the units take at most", "timeseries", "s", "Median wall time of an attempt, by step.",
          ((quantile(0.5, signals.DURATION, "1h", STEP, CHOSEN), f"{{{{{STEP}}}}}"),)),
    Panel("Nine of ten units take at most", "timeseries", "s", "The slow tenth is above. Exemplars lead to the traces "
          "of single wells.", ((quantile(0.9, signals.DURATION, "1h", STEP, CHOSEN), f"{{{{{STEP}}}}}"),)),
    Panel("Where the time goes", "bars", "s", "Mean seconds of an attempt in stage-in, tool and stage-out.", ((
        f"{grown(signals.PHASE, RANGE, f'{STEP}, platerunner_phase', CHOSEN, 'sum')} / "
        f"{grown(signals.PHASE, RANGE, f'{STEP}, platerunner_phase', CHOSEN, 'count')}",
        f"{{{{{STEP}}}}} {{{{platerunner_phase}}}}"),)),
    Panel("Slow wells", "spans", "s", "Attempts that took longer than `Slow is over` above, slowest first. The trace is behind its id, the "
          "page in Airflow behind the unit.", ((
              f'{{ resource.{signals.PIPELINE} =~ "$pipeline" && span:name =~ "unit .*" && span:duration > $slow }} | select('
              f"resource.{signals.PIPELINE}, resource.platerunner.run_id, resource.{signals.STEP}, resource.platerunner.unit, "
              f"span.{signals.VERDICT})", ""),)),
    Panel("Slow plates", "bars", "s", "Nine of ten attempts on a plate took at most so long, by step.",
          ((quantile(0.9, signals.DURATION, RANGE, f"{PLATE}, {STEP}", CHOSEN), f"{{{{{PLATE}}}}} {{{{{STEP}}}}}"),)),
))  # fmt: skip
FAILURES = Board("platerunner-failures", "Platerunner: failures", "What fails, and whether trying again helps.", (
    Panel("Failed attempts by category", "bars", "short", "What each means and who acts: docs/reference/verdicts.md. "
          "The logs of the units: {platerunner_step=...} in Loki.",
          ((grown(signals.ATTEMPTS, RANGE, f"{STEP}, {VERDICT}", FAILED), f"{{{{{STEP}}}}} {{{{{VERDICT}}}}}"),)),
    Panel("Failed attempts over time", "timeseries", "short", "A step that begins to fail all at once has another cause "
          "than one that always loses some.", ((grown(signals.ATTEMPTS, "15m", VERDICT, FAILED), f"{{{{{VERDICT}}}}}"),)),
    Panel("Tried again", "bars", "short", "Attempts that were made again by themselves, by what became of the last.",
          ((grown(signals.RETRIES, RANGE, f"{STEP}, {VERDICT}", CHOSEN), f"{{{{{STEP}}}}} {{{{{VERDICT}}}}}"),)),
    Panel("Lines that say error", "logs", "short", "What tools and their libraries wrote as errors. A line leads to its "
          "unit's trace.", ((f'{{{PIPELINE}=~"$pipeline"}} | severity_number=~"1[7-9]|2[0-4]"', ""),)),
    Panel("Units that failed", "spans", "short", "Each with the sentence of its verdict. The trace is behind its id, its page in "
          "Airflow behind the unit.", ((
              f'{{ resource.{signals.PIPELINE} =~ "$pipeline" && span:name =~ "unit .*" && status = error }} | select('
              f"resource.{signals.PIPELINE}, resource.platerunner.run_id, resource.{signals.STEP}, resource.platerunner.unit, "
              f"span.{signals.VERDICT}, span.{signals.VERDICT}.sentence)", ""),)),
    Panel("Lines lost", "stat", "short", "Lines of tools that the collector did not take. More than none: it is too "
          "slow, or gone.", ((f"sum({series(signals.DROPPED, CHOSEN)})", "lines"),), bad=1, alert="TelemetryDropping"),
))  # fmt: skip
NEEDS = Board("platerunner-needs", "Platerunner: memory and disk", "What units use of what they ask for.", (
    Panel("Memory used of memory asked", "bars", "percentunit", "Nine of ten attempts use at most this share. Far "
          "below 50 %: ask for less.", ((quantile(0.9, signals.MEMORY_SHARE, RANGE, PLACE, CHOSEN), OF_STEP),), 0.8, 0.95, "MemoryNearLimit"),
    Panel("Peak memory", "bars", "bytes", "Nine of ten attempts use at most so much.",
          ((quantile(0.9, signals.MEMORY, RANGE, PLACE, CHOSEN), OF_STEP),)),
    Panel("Disk used of disk asked", "bars", "percentunit", "Nine of ten attempts use at most this share.",
          ((quantile(0.9, signals.DISK_SHARE, RANGE, PLACE, CHOSEN), OF_STEP),), 0.8, 0.95),
    Panel("Disk", "bars", "bytes", "Nine of ten attempts use at most so much.",
          ((quantile(0.9, signals.DISK, RANGE, PLACE, CHOSEN), OF_STEP),)),
    Panel("CPU time", "timeseries", "short", "Cores that tools kept busy, on average over 15 minutes.",
          ((f"{grown(signals.CPU, '15m', PLACE, CHOSEN)} / 900", OF_STEP),)),
    Panel("Bytes in and out", "bars", "bytes", "Inputs as listed, and outputs as stored.",
          ((grown(signals.IO, RANGE, f"{STEP}, platerunner_io_direction", CHOSEN),
            f"{{{{{STEP}}}}} {{{{platerunner_io_direction}}}}"),)),
))  # fmt: skip
QUEUES = Board("platerunner-queues", "Platerunner: queues and the triggerer", "Who waits for machines, and who asks AWS.", (
    Panel("Oldest job that waits", "timeseries", "s", "Age of the oldest job with units that wait for a machine.",
          ((f"max by ({PLACE}) ({series(signals.OLDEST, CHOSEN)})", OF_STEP),), 1800, 7200, "QueueBlocked"),
    Panel("Wait in the queue", "timeseries", "s", "From a unit's submission to the start of its attempt, nine of ten.",
          ((quantile(0.9, signals.QUEUED, "1h", PLACE, CHOSEN), OF_STEP),)),
    Panel("Units by status", "timeseries", "short", "Units of each step's jobs by AWS Batch's status.",
          ((f"sum by ({PLACE}, {STATUS}) ({series(signals.UNITS_NOW, CHOSEN)})", f"{OF_STEP} {{{{{STATUS}}}}}"),)),
    Panel("Lost with their host", "bars", "short", "Attempts that ended because AWS took their host back, or it broke.",
          ((f"{grown(signals.ATTEMPTS, RANGE, PLACE, f'{CHOSEN}, {LOST}')} or 0 * sum by ({PLACE}) ({series(signals.ATTEMPTS, CHOSEN)})",
            OF_STEP),), alert="SpotStorm"),
    Panel("Looks at AWS Batch", "timeseries", "short", "How often the poller asks in 5 minutes, and how often it is refused.",
          ((f"sum({grown(signals.CALLS, '5m', 'job')})", "looks"), (f"sum({grown(signals.TROUBLES, '5m', 'job')})", "refused")),
          alert="ApiRefused"),
    Panel("The event loop is late by", "timeseries", "s", "Of those who wait. More than seconds: too much waits in one "
          "triggerer.", ((f"max({series(signals.LAG)})", "late by"),), 1, 10, "TriggererBehind"),
))  # fmt: skip
COST = Board("platerunner-cost", "Platerunner: cost", "What attempts cost, as the ledger has it.", (
    Panel("Cost", "stat", "currencyUSD", "Of all attempts in this time, failed ones too. Idle hosts come on top: `platerunner "
          "cost`.", ((grown(signals.COST, RANGE, PIPELINE, CHOSEN), f"{{{{{PIPELINE}}}}}"),)),
    Panel("Cost an hour", "timeseries", "currencyUSD", "Counted when a submission's verdicts are collected.",
          ((grown(signals.COST, "1h", PIPELINE, CHOSEN), f"{{{{{PIPELINE}}}}}"),), alert="CostSpike"),
    Panel("Cost by step", "bars", "currencyUSD", "A step that costs most and uses little of what it asks for is the first to be "
          "given less.", ((grown(signals.COST, RANGE, PLACE, CHOSEN), OF_STEP),)),
    Panel("Cost of what failed", "bars", "currencyUSD", "By category; what each means and who acts: docs/reference/verdicts.md.",
          ((grown(signals.COST, RANGE, f"{STEP}, {VERDICT}", FAILED), f"{{{{{STEP}}}}} {{{{{VERDICT}}}}}"),)),
    Panel("Estimate as a share of the budget", "bars", "percentunit", "Nine of ten runs would cost at most this share of what their spec "
          "allows.", ((quantile(0.9, signals.BUDGET_SHARE, RANGE, PIPELINE, CHOSEN), f"{{{{{PIPELINE}}}}}"),), 0.9, 1, "BudgetClosing"),
    Panel("Attempts without a price", "stat", "short", "What they cost is in no sum here. `platerunner doctor` says which "
          "permission lacks.", ((grown(signals.UNPRICED, RANGE, PIPELINE, CHOSEN), f"{{{{{PIPELINE}}}}}"),), bad=1),
))  # fmt: skip
BEATS = {
    "scheduler": "scheduler_heartbeat",
    "DAG processor": "dag_processor_heartbeat",
    "triggerer": "triggerer_heartbeat",
}
AIRFLOW = Board("platerunner-airflow", "Platerunner: Airflow's health", "Whether Airflow itself keeps up; its own metrics, which "
                "`platerunner up --observe` turns on.", (
    Panel("Signs of life", "timeseries", "short", "Heartbeats in 5 minutes. None: that part of Airflow is gone.", tuple(
        (grown_series(airflow(beat, COUNTER), "5m", "job"), part) for part, beat in BEATS.items()), alert="AirflowSilent"),
    Panel("DAG files that cannot be read", "stat", "short", "Airflow's front page has their messages; a spec's own name file, line and column.",
          ((f"max({airflow('dag_processing.import_errors')})", "files"),), bad=1),
    Panel("Tasks in the executor", "timeseries", "short", "Running, queued, and places that are free. Steps that wait for jobs are in the "
          "triggerer and take none.", tuple((f"sum({airflow(f'executor.{name}')})", said) for name, said in (
              ("running_tasks", "running"), ("queued_tasks", "queued"), ("open_slots", "free")))),
    Panel("Tasks that starve", "timeseries", "short", "Tasks that could run and find no place in their pool.",
          ((f"max({airflow('scheduler.tasks.starving')})", "tasks"),), warn=1),
    Panel("Waiting in the triggerer", "timeseries", "short", "Steps and gates that wait, and places that are left for more.", (
        (f"sum({airflow('triggers.running')})", "waiting"), (f"sum({airflow('triggerer.capacity_left')})", "places left"))),
    Panel("All DAG files take", "timeseries", "s", "To read them once. More than the interval between two readings: specs come late.",
          ((f"max({airflow('dag_processing.total_parse_time')})", "seconds"),), 30, 120),
))  # fmt: skip
BOARDS = (RUNS, PLATES, FAILURES, NEEDS, QUEUES, COST, AIRFLOW)
