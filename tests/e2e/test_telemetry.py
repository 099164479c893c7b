"""A run on a laptop with a collector: everything arrives, as one trace, and its numbers are those of the digest."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import ROOT, Result
from tests.otlp_receiver import receiver

from platerunner_unit.contract.telemetry import signals

SPEC = ROOT / "tests/e2e/specs/lost_work.yaml"
DONE = "printf 'ImageNumber,n\\n1,5\\n' > $1"
WELLS = {
    "A01": f"echo working; {DONE}",
    "A02": DONE,
    "A03": "echo 'Traceback (most recent call last):' >&2; exit 3",
    # Says what AWS says of a moment without room, the first time.
    "A04": "test -e {0}/seen || {{ touch {0}/seen; echo 'An error occurred (SlowDown): Please reduce'; exit 1; }}\n"
    + DONE,
}


def test_a_run_is_one_trace_and_its_numbers_are_the_digests(
    platerunner: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wells(tmp_path)
    argv = ("run", SPEC, "--local", "--data-root", tmp_path / "data", "--workspace-root", tmp_path / "results")
    with receiver("http/protobuf") as (endpoint, received):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        ran = platerunner(*argv, "--approve", "look")
    assert ran.code == 0, ran.out + ran.err
    (kept,) = (tmp_path / "results/lost_work/_platerunner/runs").glob("*/work/result.json")
    step = json.loads(kept.read_text())
    assert step["retried"], "else the test proves nothing of retries"

    spans = [(name, span) for name, found in received.spans().items() for span in found]
    assert len({span.trace_id for _, span in spans}) == 1, "one trace"
    names = {span.span_id: name for name, span in spans}
    parents = Counter((name, names.get(span.parent_span_id, "")) for name, span in spans)
    assert parents[("run lost_work", "")] == 1
    assert parents[("step work", "run lost_work")] == 1
    assert {parent for name, parent in parents if name == "submission work"} == {"step work"}
    assert {parent for name, parent in parents if name == "unit work"} == {"submission work"}
    parts = {parent for name, parent in parents if name in ("stage-in", "tool", "stage-out", "verdict")}
    assert parts == {"unit work", "unit look_report"}
    assert "working" in received.bodies()

    metrics = received.metrics()
    judged = total(metrics["platerunner.unit.verdicts"], "platerunner.verdict")
    assert judged == total(metrics["platerunner.step.attempts"], "platerunner.verdict"), "all that was judged was found"
    work = {name: [point for point in points if of_work(point)] for name, points in metrics.items()}
    attempts = total(work["platerunner.step.attempts"], "platerunner.verdict")
    assert attempts["succeeded"] == step["succeeded"] == 3
    assert attempts.total() == step["succeeded"] + step["failed"] + sum(step["retried"].values())
    units = total(work["platerunner.step.units"], "platerunner.state")
    assert (units["succeeded"], units["failed"]) == (3, 1)
    assert total(work["platerunner.step.retries"], "platerunner.verdict") == step["retried"]
    statuses = {tuple(sorted(found.items())): value for found, value in metrics["platerunner.jobs.units"]}
    assert set(statuses.values()) == {0}, "nothing stands as it was when the run was going"
    assert sum(value for _, value in metrics["platerunner.poller.calls"]) > 0
    assert [value for _, value in metrics["platerunner.gate.asked"]] == [1]
    assert [found["platerunner.gate.decision"] for found, _ in metrics["platerunner.gate.wait"]] == ["approved"]
    assert {metric.name for metric in signals.WORKER} - set(metrics) == {"platerunner.poller.lag"}, "told once a minute"
    assert [found for found, _ in metrics["platerunner.run.duration"]] == [
        {"platerunner.pipeline": "lost_work", "platerunner.result": "succeeded"}
    ]


def write_wells(folder: Path) -> None:
    """A plate of wells for the spec, under ``data``."""
    (folder / "data" / "P1").mkdir(parents=True)
    for well, script in WELLS.items():
        (folder / "data" / "P1" / f"{well}.sh").write_text(script.format(folder) + "\n")


def of_work(point: tuple[dict[str, Any], Any]) -> bool:
    return point[0].get("platerunner.step") == "work"


def total(points: list[tuple[dict[str, Any], Any]], name: str) -> Counter[str]:
    """The sum of a metric's points by an attribute."""
    counted: Counter[str] = Counter()
    for found, value in points:
        counted[found[name]] += value
    return counted
