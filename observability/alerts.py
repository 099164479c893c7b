"""The alerts, as data: what each asks, when a person hears of it, and two short series that prove it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from observability.panels import RUNBOOK
from observability.promql import (
    GATE,
    PIPELINE,
    RESULT,
    STATUS,
    STEP,
    VERDICT,
    airflow,
    grown,
    grown_series,
    name_of,
    quantile,
    series,
)
from platerunner_unit.contract.telemetry import signals
from platerunner_unit.contract.telemetry.signals import COUNTER

PLACE = f"{PIPELINE}, {STEP}"
_AT = f'{PIPELINE}="p", {STEP}="s"'

Story = Mapping[str, str]
"""Series to values, as promtool writes them."""


@dataclass(frozen=True)
class Alert:
    """An alert.

    :param name: also its anchor in the runbook, in lower case.
    :param asks: PromQL: whom it concerns, and nothing else.
    :param lasts: for how long before a person hears of it.
    :param severity: ``page`` for now, ``ticket`` for tomorrow.
    :param says: one sentence; labels of the answer in braces.
    :param at: when the stories are looked at.
    :param fires: a story in which it fires then.
    :param silent: one that is nearly the same, in which it does not.
    :param every: how far the values of the stories are apart: minute by minute a week takes promtool minutes.
    """

    name: str
    asks: str
    lasts: str
    severity: str
    says: str
    at: str
    fires: Story
    silent: Story
    every: str = "1m"


def _buckets(counts: Mapping[str, int]) -> Story:
    """Attempts whose peak memory was at most a share of what they had asked for: none, then so many."""
    name = name_of(signals.MEMORY_SHARE, "bucket")
    return {f'{name}{{{_AT}, le="{bound}"}}': f"0x9 {count}x60" for bound, count in counts.items()}


def _budgets(counts: Mapping[str, int]) -> Story:
    """Runs whose estimate was at most a share of their budget: none, then so many."""
    name, asked = name_of(signals.BUDGET_SHARE, "bucket"), f'{PIPELINE}="p"'
    buckets = {f'{name}{{{asked}, le="{bound}"}}': f"0x9 {count}x60" for bound, count in counts.items()}
    return {**buckets, f"{name_of(signals.BUDGET_SHARE, 'count')}{{{asked}}}": f"0x9 {counts['+Inf']}x60"}


_RUNNING = series(signals.UNITS_NOW, f'{_AT}, {STATUS}="RUNNING"')
_ENDED = series(signals.VERDICTS, f'{_AT}, {VERDICT}="succeeded"')
_COST = name_of(signals.COST)
_DAY = grown(signals.COST, "1d", PIPELINE)
_LOST = "spot_interrupted|host_lost"
_TRIED = name_of(signals.ATTEMPTS)
_BEAT = airflow("scheduler_heartbeat", COUNTER)
COLLECTOR = 'up{job="platerunner"}'

ALERTS = (
    Alert(
        "RunFailed",
        f"{grown(signals.RUN_DURATION, '15m', PIPELINE, f'{RESULT}="failed"', 'count')} > 0",
        "0m", "page", f"A run of {{{PIPELINE}}} failed.",
        "20m",
        {series(signals.RUN_DURATION, f'{PIPELINE}="p", {RESULT}="failed"', "count"): "_x15 1x10"},
        {series(signals.RUN_DURATION, f'{PIPELINE}="p", {RESULT}="succeeded"', "count"): "_x15 1x10"},
    ),
    Alert(
        "StepFailed",
        f"{grown(signals.STEP_DURATION, '15m', PLACE, f'{RESULT}="failed"', 'count')} > 0",
        "0m", "page", f"The step {{{STEP}}} of {{{PIPELINE}}} failed: more of its units than it tolerates.",
        "20m",
        {series(signals.STEP_DURATION, f'{_AT}, {RESULT}="failed"', "count"): "_x15 1x10"},
        {series(signals.STEP_DURATION, f'{_AT}, {RESULT}="succeeded"', "count"): "_x15 1x10"},
    ),
    Alert(
        "StepStuck",
        f"sum by ({PLACE}) ({series(signals.UNITS_NOW, f'{STATUS}="RUNNING"')}) > 0"
        f" unless {grown(signals.VERDICTS, '6h', PLACE)} > 0",
        "6h", "ticket", f"Units of {{{STEP}}} of {{{PIPELINE}}} run, and none has ended for six hours.",
        "13h",
        {_RUNNING: "4x14", _ENDED: "7x14"},
        {_RUNNING: "4x14", _ENDED: "7x9 8x4"},
        every="1h",
    ),
    Alert(
        "QueueBlocked",
        f"max by ({PLACE}) ({series(signals.OLDEST)}) > 7200 unless "
        f"sum by ({PLACE}) ({series(signals.UNITS_NOW, f'{STATUS}=~"STARTING|RUNNING"')}) > 0",
        "15m", "page", f"Units of {{{STEP}}} of {{{PIPELINE}}} wait for more than two hours, and none runs.",
        "30m",
        {series(signals.OLDEST, _AT): "8000+60x40", _RUNNING: "0x40"},
        {series(signals.OLDEST, _AT): "8000+60x40", _RUNNING: "0x10 3x30"},
    ),
    Alert(
        "GateWaiting",
        f"sum by ({PIPELINE}, {GATE}) ({series(signals.GATE_ASKED)}) - (sum by ({PIPELINE}, {GATE})"
        f" ({series(signals.GATE_WAIT, part='count')}) or 0 * sum by ({PIPELINE}, {GATE}) ({series(signals.GATE_ASKED)}))"
        " > 0",
        "1d", "ticket", f"The gate {{{GATE}}} of {{{PIPELINE}}} has waited for a person for more than a day.",
        "25h",
        {series(signals.GATE_ASKED, f'{PIPELINE}="p", {GATE}="look"'): "1x27"},
        {
            series(signals.GATE_ASKED, f'{PIPELINE}="p", {GATE}="look"'): "1x27",
            series(signals.GATE_WAIT, f'{PIPELINE}="p", {GATE}="look"', "count"): "_ 1x26",
        },
        every="1h",
    ),
    Alert(
        "MemoryNearLimit",
        f"{quantile(0.9, signals.MEMORY_SHARE, '1h', PLACE)} > 0.9",
        "0m", "ticket", f"One in ten attempts of {{{STEP}}} of {{{PIPELINE}}} uses more than 90 % of its memory.",
        "30m",
        _buckets({"0.5": 10, "0.9": 60, "0.95": 90, "1.0": 99, "+Inf": 100}),
        _buckets({"0.5": 10, "0.9": 96, "0.95": 98, "1.0": 99, "+Inf": 100}),
    ),
    Alert(
        "SpotStorm",
        f"{grown(signals.ATTEMPTS, '1h', PIPELINE, f'{VERDICT}=~"{_LOST}"')} > 20"
        f" and {grown(signals.ATTEMPTS, '1h', PIPELINE, f'{VERDICT}=~"{_LOST}"')}"
        f" > 0.2 * {grown(signals.ATTEMPTS, '1h', PIPELINE)}",
        "0m", "ticket", f"AWS takes back hosts of {{{PIPELINE}}}: a fifth of the last hour's attempts were lost.",
        "30m",
        {f'{_TRIED}{{{_AT}, {VERDICT}="host_lost"}}': "0x9 30x60", f'{_TRIED}{{{_AT}, {VERDICT}="succeeded"}}': "0x9 50x60"},
        {f'{_TRIED}{{{_AT}, {VERDICT}="host_lost"}}': "0x9 30x60", f'{_TRIED}{{{_AT}, {VERDICT}="succeeded"}}': "0x9 500x60"},
    ),
    Alert(
        "CostSpike",
        f"{_DAY} > 50 and {_DAY} > 2 * max_over_time({_DAY}[6d:1d] offset 1d)",
        "0m", "ticket", f"{{{PIPELINE}}} cost more than twice as much in a day as on any of the seven days before.",
        "8d",
        {f'{_COST}{{{_AT}, {VERDICT}="succeeded"}}': "0+0.6x168 101+6x24"},
        {f'{_COST}{{{_AT}, {VERDICT}="succeeded"}}': "0+3.6x168 605+5x24"},
        every="1h",
    ),
    Alert(
        "BudgetClosing",
        f"{grown(signals.BUDGET_SHARE, '1h', PIPELINE, part='count')}"
        f" - {grown(signals.BUDGET_SHARE, '1h', PIPELINE, 'le="0.9"', 'bucket')} > 0",
        "0m", "ticket", f"A run of {{{PIPELINE}}} would cost more than 90 % of its budget.",
        "30m",
        _budgets({"0.9": 0, "+Inf": 1}),
        _budgets({"0.9": 1, "+Inf": 1}),
    ),
    Alert(
        "ApiRefused",
        f"sum(increase({series(signals.TROUBLES)}[15m])) > 0.5 * sum(increase({series(signals.CALLS)}[15m]))",
        "15m", "ticket", "AWS Batch throttles or refuses more than half of what it is asked.",
        "40m",
        {series(signals.CALLS): "0+10x60", series(signals.TROUBLES): "0+8x60"},
        {series(signals.CALLS): "0+10x60", series(signals.TROUBLES): "0+1x60"},
    ),
    Alert(
        "TriggererBehind",
        f"max({series(signals.LAG)}) > 10",
        "5m", "page", "The triggerer is behind: its event loop is more than ten seconds late.",
        "10m",
        {series(signals.LAG): "30x20"},
        {series(signals.LAG): "0.2x20"},
    ),
    Alert(
        "TelemetryDropping",
        f"{grown(signals.DROPPED, '15m', PLACE)} > 0",
        "0m", "ticket", f"Lines of {{{STEP}}} of {{{PIPELINE}}} did not reach the collector.",
        "20m",
        {series(signals.DROPPED, _AT): "0x15 400x10"},
        {series(signals.DROPPED, _AT): "0x30"},
    ),
    Alert(
        "CollectorGone",
        f"{COLLECTOR} == 0 or absent({COLLECTOR})",
        "5m", "ticket", "Prometheus does not reach the collector: no other alert can fire.",
        "20m",
        {COLLECTOR: "1x10 0x20"},
        {COLLECTOR: "1x10 0x3 1x20"},
    ),
    Alert(
        "AirflowSilent",
        f"{grown_series(_BEAT, '5m', 'job')} == 0",
        "5m", "page", "Airflow's scheduler gives no sign of life: no step begins.",
        "30m",
        {_BEAT: "0+12x10 120x30"},
        {_BEAT: "0+12x60"},
    ),
)  # fmt: skip


def rules() -> dict[str, Any]:
    """All alerts, as Prometheus reads them."""
    return {"groups": [{"name": "platerunner", "rules": [_rule(alert) for alert in ALERTS]}]}


def tests(every: str) -> dict[str, Any]:
    """Both stories of every alert whose values are so far apart, as promtool reads them."""
    told = [alert for alert in ALERTS if alert.every == every]
    stories = [(alert, alert.fires, True) for alert in told] + [(alert, alert.silent, False) for alert in told]
    return {
        "rule_files": ["alerts.yaml"],
        "evaluation_interval": every,
        "tests": [
            {
                "name": f"{alert.name} {'fires' if fires else 'stays silent'}",
                "interval": every,
                "input_series": [{"series": name, "values": values} for name, values in story.items()],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{alert.name}", alertstate="firing"}}) or vector(0)',
                        "eval_time": alert.at,
                        "exp_samples": [{"labels": "{}", "value": int(fires)}],
                    }
                ],
            }
            for alert, story, fires in stories
        ],
    }


def _rule(alert: Alert) -> dict[str, Any]:
    says = alert.says
    for name in (PIPELINE, STEP, GATE):
        says = says.replace(f"{{{name}}}", f"{{{{ $labels.{name} }}}}")
    return {
        "alert": alert.name,
        "expr": alert.asks,
        "for": alert.lasts,
        "labels": {"severity": alert.severity},
        "annotations": {"summary": says, "runbook_url": f"{RUNBOOK}#{alert.name.lower()}"},
    }
