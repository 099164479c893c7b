"""Real units in the real images, from the workspace to the outcome: what runs on AWS, on this machine's podman."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.containers.test_jobs import define
from tests.embedded import Account, wait_for
from tests.live.scene import PLATE, Scene, make_images
from tests.unit.bench import RUN, Bench, data_file

from platerunner_unit.contract import manifest
from platerunner_unit.contract.category import CATEGORIES, Category
from platerunner_unit.contract.manifest import StepTask, UnitTask
from platerunner_unit.contract.storage import Storage

BUCKET = "s3://platerunner"
TABLES = ("Image", "Nuclei")


@pytest.fixture
def bench(aws: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Roots in the cloud's bucket."""
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)
    return Bench(f"{BUCKET}/data", f"{BUCKET}/ws", tmp_path)


def submit(aws: Account, bench: Bench, definition: str, step: StepTask, *units: UnitTask) -> str:
    """Hand units in as the operator does."""
    manifest.write(bench.store, f"{RUN}/s/1", step, units)
    command = ["platerunner-unit", "run", f"{bench.store.url}/{RUN}/s/1"]
    return aws.submit(command, jobDefinition=definition, size=len(units) if len(units) > 1 else None)


def category(bench: Bench) -> str:
    outcome = bench.outcome()
    assert outcome is not None
    return outcome.verdict.category


def test_a_unit_runs_and_its_output_lands_in_the_workspace(aws: Account, bench: Bench, tags: dict[str, str]) -> None:
    read = data_file(bench, "raw/a.txt", b"hello")
    shell = "tr a-z A-Z <{inputs.i} >{outputs.o}"
    step, unit = bench.step(["sh", "-c", shell]), bench.unit(["m/a.txt"], [read])
    job = aws.wait(submit(aws, bench, define(aws, tags), step, unit))
    assert (job["status"], job["container"]["exitCode"]) == ("SUCCEEDED", 0), aws.log(job)
    assert bench.store.get("m/a.txt") == b"HELLO"
    assert category(bench) == "succeeded"


def test_a_tool_that_the_kernel_kills_is_judged_out_of_memory(aws: Account, bench: Bench, tags: dict[str, str]) -> None:
    step = bench.step(["python", "-c", "x = bytearray(10**9)"])
    job = aws.wait(submit(aws, bench, define(aws, tags, memory=200), step, bench.unit(["m/a.txt"])))
    assert job["status"] == "FAILED"
    assert category(bench) == "out_of_memory"
    assert job["container"]["exitCode"] == CATEGORIES[Category.OUT_OF_MEMORY].exit_code


def test_a_terminated_unit_is_judged_and_its_tool_ends(aws: Account, bench: Bench, tags: dict[str, str]) -> None:
    code = "import signal, time; signal.signal(15, lambda *_: exit(3)); print('at work', flush=True); time.sleep(600)"
    job_id = submit(aws, bench, define(aws, tags), bench.step(["python", "-c", code]), bench.unit(["m/a.txt"]))
    started = aws.wait(job_id, "RUNNING")
    wait_for(lambda: any("at work" in line for line in aws.log(started)))
    aws.batch.terminate_job(jobId=job_id, reason="stopped by a person")
    job = aws.wait(job_id)
    assert category(bench) == "stopped_by_user"
    assert job["container"]["exitCode"] == CATEGORIES[Category.STOPPED_BY_USER].exit_code


@pytest.fixture
def scene(bench: Bench, tmp_path: Path) -> Scene:
    """A plate of two wells in the bucket, and the pipeline that measures its nuclei."""
    folder = tmp_path / "plate"
    make_images(folder)
    local = Scene(replace(bench, data=str(folder)), "")
    store = Storage(bench.data)
    for path in sorted(folder.rglob("*.tif")):
        store.put(path.relative_to(folder).as_posix(), path.read_bytes())
    return local


def begin(aws: Account, bench: Bench, tags: dict[str, str], scene: Scene, memory: int) -> str:
    """Submit the plate.

    :param memory: MiB.
    """
    image = f"{aws.cloud.connection()['registry']}/cellprofiler:{tags['cellprofiler']}"
    requirements = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": str(memory)}]
    definition = aws.define("cellprofiler", image, container={"resourceRequirements": requirements})
    roots = {"data": bench.data, "workspace": bench.workspace}
    (unit,) = scene.units()
    inputs = tuple(replace(file, etag=Storage(bench.data).head(file.key).etag) for file in unit.inputs["images"])
    unit = replace(unit, inputs={"images": inputs})
    return submit(aws, bench, definition, replace(scene.step(), roots=roots), unit)


def ended(aws: Account, job_id: str) -> dict[str, Any]:
    return wait_for(lambda: (job := aws.job(job_id))["status"] in ("SUCCEEDED", "FAILED") and job, timeout=150)


def test_cellprofiler_measures_a_plate(aws: Account, bench: Bench, tags: dict[str, str], scene: Scene) -> None:
    job = ended(aws, begin(aws, bench, tags, scene, memory=2048))
    assert (job["status"], job["container"]["exitCode"]) == ("SUCCEEDED", 0), aws.log(job)
    image, nuclei = (list(csv.DictReader(bench.store.get(f"m/{name}.csv").decode().splitlines())) for name in TABLES)
    assert len(image) == 4
    assert len(nuclei) == sum(int(float(row["Count_Nuclei"])) for row in image) > 10
    outcome = bench.outcome()
    assert outcome is not None
    assert outcome.unit == f"plate={PLATE}"


def test_cellprofiler_with_too_little_memory_is_judged_so(
    aws: Account, bench: Bench, tags: dict[str, str], scene: Scene
) -> None:
    job = ended(aws, begin(aws, bench, tags, scene, memory=160))
    assert job["status"] == "FAILED"
    assert category(bench) == "out_of_memory", aws.log(job)


def test_a_terminated_cellprofiler_ends_and_is_judged(
    aws: Account, bench: Bench, tags: dict[str, str], scene: Scene
) -> None:
    job_id = begin(aws, bench, tags, scene, memory=2048)
    started = aws.wait(job_id, "RUNNING")
    wait_for(lambda: aws.log(started))
    aws.batch.terminate_job(jobId=job_id, reason="stopped by a person")
    job = ended(aws, job_id)
    assert category(bench) == "stopped_by_user"
    assert job["container"]["exitCode"] == CATEGORIES[Category.STOPPED_BY_USER].exit_code
