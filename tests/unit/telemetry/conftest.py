"""A unit, its outcome, and a telemetry that goes to a real receiver."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from platerunner_unit import telemetry
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.manifest import InputFile, OutputFile, StepTask, UnitTask
from platerunner_unit.contract.outcome import Outcome, OutputRecord

DIGEST = "sha256:" + "ab" * 32
TRACE_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

STEP = StepTask(
    pipeline="demo",
    run_id="manual__2026-11-21",
    step="measure",
    submission=1,
    module="cellprofiler",
    tool="cellprofiler",
    roots={"data": "s3://b/data", "workspace": "s3://b/ws"},
    image="registry.example:5000/cellprofiler:4.2.8",
    digest=DIGEST,
)
UNIT = UnitTask(
    unit="plate=P1/well=A01",
    values={"plate": "P1", "well": "A01"},
    fingerprint="f1",
    inputs={"images": (InputFile("a.tif", size=1000), InputFile("b.tif", size=500))},
    outputs={"image": (OutputFile("m/Image.csv"),)},
)


def outcome(category: str = "succeeded", sentence: str = "everything asked for is there") -> Outcome:
    return Outcome(
        pipeline=STEP.pipeline,
        run_id=STEP.run_id,
        step=STEP.step,
        unit=UNIT.unit,
        values=UNIT.values,
        fingerprint=UNIT.fingerprint,
        attempt=2,
        verdict=Verdict(category, sentence),
        evidence={"exit_code": 0, "sets_asked": [1, 2, 3], "sets_started": [1, 2], "sets_finished": [1]},
        outputs=(OutputRecord("image", "m/Image.csv", 700, "00"), OutputRecord("nuclei", "m/Nuclei.csv", 77, "00")),
        usage={"peak_memory": 123456789, "cpu_s": 4.5},
        timing={
            "started": "2026-11-21T12:00:00+00:00",
            "ended": "2026-11-21T12:00:12.500000+00:00",
            "stage_in_s": 0.5,
            "tool_s": 11.0,
        },
    )


@pytest.fixture
def otel_environ(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """Sets ``OTEL_*`` for the exporters, which read the process's environment, and returns the whole of it."""

    def setting(endpoint: str, protocol: str = "http/protobuf", **more: str) -> dict[str, str]:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
        for name, value in more.items():
            monkeypatch.setenv(name, value)
        return dict(os.environ)

    return setting


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def begin(said: list[str]) -> Callable[[dict[str, str]], telemetry.Telemetry]:
    def begin_with(environ: dict[str, str]) -> telemetry.Telemetry:
        return telemetry.start(STEP, UNIT, attempt=2, job_id="job-1:7", environ=environ, say=said.append)

    return begin_with
