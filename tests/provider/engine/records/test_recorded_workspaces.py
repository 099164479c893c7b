"""Workspaces that commit 029ab36 wrote, with no number or format 1 in their records: today's code goes on with them.

That commit ran the demo (on a plate of two wells, by the imaging tools and by CellProfiler) and the PCPIP screen of
tests/e2e on its embedded cloud, from and to S3, where equal bytes have equal ETags. So today's fingerprints have to be
the recorded ones. Left out are logs, and what is in the pictures of the gates' reports: no fingerprint covers them.
"""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from tests.embedded import embedded

from platerunner.catalog.loader import VARIABLE
from platerunner.engine.gates.decisions import history
from platerunner.engine.inspect.run_record import Mark, RunRecord
from platerunner.engine.planning.context import RunContext, left_out
from platerunner.engine.steps.step_run import StepRun
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.spec.loader import load_text
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Gate, Step

BUCKET = "screens"
RECORDED = Path(__file__).parents[3] / "data" / "workspaces_of_029ab36"
SPECS = {"demo": "demo.yaml", "demo_cellprofiler": "demo.yaml", "pcpip": "spec.yaml"}
PARAMS = {"demo": {"engine": "imaging"}, "demo_cellprofiler": {"engine": "cellprofiler"}, "pcpip": {}}
DIGESTS = {
    "imaging": "c3cbc93dce8e796172abc6b05bd58d7e311496a9301c0b7777504abcb1757e9b",
    "imaging:latest": "b0af6633d8148b089e28b5637ef1664a709a8dc59aa5a292fdb85c3d0c4ba313",
    "cellprofiler": "363e5e6625833a374ab59272d68e36d947ceaa08cf7bd5c3c64531f7ec3a2ec6",
}
UNITS = {"demo": 7, "demo_cellprofiler": 7, "pcpip": 38}


def digest_then(image: str) -> str:
    """The digest of an image as it was then: a newer image is another ingredient, and its units rightly run again."""
    name, _, tag = image.partition(":")
    return f"sha256:{DIGESTS[image if tag == 'latest' else name]}"


@dataclass
class Recorded:
    """A workspace of before, unpacked, with the spec that it was made by."""

    folder: Path

    @cached_property
    def pipeline(self) -> Pipeline:
        path = self.folder / SPECS[self.folder.name]
        return load_text(path.read_text(), path)

    def context(self, run_id: str) -> RunContext:
        params = {name: param["default"] for name, param in self.pipeline.params.items()}
        roots = {"data_root": f"s3://{BUCKET}/data", "workspace_root": f"s3://{BUCKET}/workspace"}
        return RunContext(params | PARAMS[self.folder.name], **roots, run_id=run_id)

    @cached_property
    def run_id(self) -> str:
        [run] = self.folder.glob("screens/workspace/**/_platerunner/runs/*")
        return run.name

    def steps(self, run_id: str) -> Iterator[StepRun]:
        context = self.context(run_id)
        idle, hook = left_out(self.pipeline, context), PlaterunnerHook()
        for name, step in self.pipeline.steps.items():
            if isinstance(step, Step) and name not in idle:
                yield StepRun(hook, self.pipeline, name, context)


@pytest.fixture(params=sorted(SPECS))
def recorded(request, tmp_path, monkeypatch):
    with tarfile.open(RECORDED / f"{request.param}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    recorded = Recorded(tmp_path / request.param)
    monkeypatch.setattr(
        "platerunner.engine.steps.step_scope.resolve_named", lambda _, name, *__: (name, digest_then(name))
    )
    if (recorded.folder / "catalog").exists():
        monkeypatch.setenv(VARIABLE, str(recorded.folder / "catalog"))
    with embedded() as account:
        for name, value in account.cloud.environment().items():
            monkeypatch.setenv(name, value)
        connection = {"conn_type": "platerunner", "extra": account.cloud.connection()}
        monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(connection))
        _upload(account.client("s3"), recorded.folder / BUCKET)
        yield recorded


def _upload(s3, folder: Path) -> None:
    s3.create_bucket(Bucket=BUCKET)
    for path in folder.rglob("*"):
        if path.is_file():
            s3.put_object(Bucket=BUCKET, Key=str(path.relative_to(folder)), Body=path.read_bytes())


@pytest.mark.slow
def test_it_is_read_planned_and_continued_without_running_a_unit_again(recorded):
    _is_read(recorded)
    # The run that it holds goes on where it was, as after a cleared task; then a new run follows.
    for run_id in (recorded.run_id, "a-new-run"):
        done = 0
        for run in recorded.steps(run_id):
            plan = run.start()
            assert {str(unit.state) for unit in plan.units} == {"done"}, [str(unit.reason) for unit in plan.units]
            assert not run.waiting_for()
            assert not run.collect()
            result, failed = run.finish()
            assert (result.done_before, failed) == (len(plan.units), [])
            done += len(plan.units)
        assert done == UNITS[recorded.folder.name]


def _is_read(recorded: Recorded) -> None:
    """What pages and commands show of the run."""
    marks = []
    for run in recorded.steps(recorded.run_id):
        record = RunRecord(run.scope.workspace, recorded.run_id, run.scope.step.name)
        assert record.result["succeeded"] == len(record.units)
        assert {len(record.state.submissions), record.state.next_n} == {1, 2}
        marks += [each.mark for each in record.units]
    assert marks == [Mark.SUCCEEDED] * UNITS[recorded.folder.name]
    for name, gate in recorded.pipeline.steps.items():
        if isinstance(gate, Gate):
            made = history(run.scope.workspace, name)
            assert [(each.gate, each.decision.decision) for each in made] == [(name, "approved")]
