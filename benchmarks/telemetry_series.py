"""How many series a real Prometheus has after a screen: WELLS wells on plates of 384, through STEPS steps.

python benchmarks/telemetry_series.py [WELLS] [STEPS]

Each attempt is another: categories, sizes and times are drawn by lot. What its runner would tell is recorded by the
runner's own code and sent as OTLP, a request per plate and step; what workers tell, with every value that the table of
metrics allows.
"""

import itertools
import os
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from tests.e2e import test_observability
from tests.e2e.test_observability import answered, prometheus
from tests.embedded import wait_for
from tests.otlp_bridge import shown
from tests.otlp_receiver import receiver
from tests.unit.telemetry.test_series import attempt

from platerunner.engine.steps.telemetry import STATES
from platerunner.engine.telemetry import Point, send
from platerunner_unit.contract.category import CATEGORIES
from platerunner_unit.contract.telemetry import signals
from platerunner_unit.contract.telemetry.otlp import make_exporter, make_shared_resource, read_settings
from platerunner_unit.telemetry.measures import Measures
from platerunner_unit.telemetry.sdk import DELTA

VALUES = {
    signals.VERDICT: [category.value for category in CATEGORIES],
    signals.STATE: STATES,
    signals.RESULT: ("succeeded", "failed"),
    signals.DECISION: ("approved", "rejected", "refused", "timed out", "withdrawn", "abandoned"),
    signals.JOB_STATUS: ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"),
    signals.PIPELINE: ("screen",),
    signals.GATE: ("segcheck_qc",),
}
PLATE = 384
PATIENT = "{scrape_interval: 30s, scrape_timeout: 30s"  # the page with all series takes seconds to write


def main() -> None:
    wells, steps = (int(given) for given in (sys.argv[1:] + ["10000", "5"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as name, receiver("http/protobuf") as (endpoint, received):
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
        lot = random.Random(1)
        names = [f"step_{number}" for number in range(steps)]
        for step, first in itertools.product(names, range(0, wells, PLATE)):
            tell_units(lot, step, f"P{first // PLATE + 1}", min(PLATE, wells - first))
        send([point for metric in signals.WORKER for point in every(metric, names)], limit_s=600)
        test_observability.PROMETHEUS = test_observability.PROMETHEUS.replace("{scrape_interval: 1s", PATIENT)
        with shown(received) as target, prometheus(Path(name), target) as url:
            asked = 'count({__name__=~"platerunner_.+"})'
            wait_for(lambda: answered(url, asked), timeout=120)
            (judged,) = answered(url, "sum(platerunner_unit_verdicts_total)")
            print(f"{wells} wells, {steps} steps, {judged['value'][1]} attempts:", end=" ")
            print(answered(url, asked)[0]["value"][1], "series, of them", end=" ")
            print(
                answered(url, 'count({__name__=~"platerunner_.+", platerunner_plate!=""})')[0]["value"][1], "of units"
            )


def tell_units(lot: random.Random, step: str, plate: str, count: int) -> None:
    """Send what the runners of a plate's wells would."""
    settings = read_settings(os.environ, print)
    assert settings is not None
    reader = InMemoryMetricReader(DELTA)
    of = dict(zip(signals.RESOURCE, ("screen", step, "cellprofiler", "cellprofiler:4.2.8", plate), strict=True))
    provider = MeterProvider([reader], make_shared_resource({"service.name": "platerunner-unit", **of}))
    measures = Measures(provider.get_meter("platerunner_unit"))
    for number in range(count):
        measures.record(attempt(lot, number), lot.randrange(100), Context())
    make_exporter(settings, "metrics").export(reader.get_metrics_data())


def every(metric: signals.Metric, steps: list[str]) -> list[Point]:
    """A worker's metric with every value that its attributes may have."""
    values = [VALUES.get(attribute, steps) for attribute in metric.attributes]
    return [Point(metric, 1, dict(zip(metric.attributes, each, strict=True))) for each in itertools.product(*values)]


if __name__ == "__main__":
    main()
