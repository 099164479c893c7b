"""A real CellProfiler unit with a real OTLP receiver: every line, every module on every image set, every metric."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.live.scene import Scene
from tests.otlp_receiver import attributes, receiver

Record = Callable[[str, object], None]
pytestmark = pytest.mark.cellprofiler


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_the_collector_gets_the_unit_whole(scene: Scene, protocol: str, record_property: Record) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with receiver(protocol) as (endpoint, received):
        scene.bench.environ.update(
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
            TRACEPARENT=f"00-{trace}-{parent}-01",
        )
        played = scene.play()
    record_property("group", f"a collector listens ({protocol})")
    record_property("result", f"{len(received.bodies())} lines, {sum(map(len, received.spans().values()))} spans")
    assert (played.word, played.stderr) == ("succeeded", "")

    lines = played.stdout.decode().splitlines()
    assert received.bodies() == lines[:-1]
    assert lines[-1].startswith("platerunner: ")

    spans = received.spans()
    (root,) = spans["unit s"]
    assert (root.trace_id.hex(), root.parent_span_id.hex()) == (trace, parent)
    found = [attributes(span.attributes) for name in spans if name.startswith("module ") for span in spans[name]]
    on_sets = {(of["platerunner.cellprofiler.module"], of["platerunner.image_set"]) for of in found}
    modules = [module["module"] for module in played.outcome.modules]
    assert on_sets == {(module, number) for module in modules for number in (1, 2, 3, 4)}
    assert {"stage-in", "tool", "stage-out", "verdict"} < set(spans)

    metrics = received.metrics()
    assert metrics["platerunner.unit.verdicts"] == [({"platerunner.verdict": "succeeded"}, 1)]
    assert metrics["platerunner.unit.memory.peak"][0][1] == played.outcome.usage["peak_memory"] > 100 << 20
    assert {value for _, value in metrics["platerunner.unit.image_sets"]} == {4}


@pytest.mark.parametrize("kind", ["refuse", "hang"])
def test_a_bad_collector_changes_nothing(scene: Scene, kind: str, record_property: Record) -> None:
    with receiver("http/protobuf", kind) as (endpoint, _):
        scene.bench.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
        played = scene.play()
    record_property("group", f"a collector that {'refuses' if kind == 'refuse' else 'hangs'}")
    record_property("result", f"`{played.outcome.verdict.category}`, outputs in place")
    assert played.word == "succeeded"
    assert all(scene.bench.store.exists(key) for key in scene.outputs)
    assert "not delivered to" in played.stderr
