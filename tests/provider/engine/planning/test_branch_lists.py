"""What a branch asks of S3: as many LISTs, and as many keys, whatever other plates there are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from tests.provider.engine.planning.lab import SPEC, Lab
from tests.provider.engine.planning.s3 import requests_for, s3_bucket

from platerunner.batch.model import Submission
from platerunner.catalog.loader import load_catalog
from platerunner.engine.inspect.run_record import RunRecord
from platerunner.engine.planning.available import from_workspace_pattern
from platerunner.engine.planning.branch import Branch, units_below
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.planning.prepare import plan_one
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.plans import record_plan
from platerunner.engine.records.step_state import StateFile, StepState
from platerunner.spec.steps import Step
from platerunner_unit.contract.storage import Storage

PLATES, FEW = (5, 20, 100), (5, 20)
"""The plates that there are, in turn; fewer where keys are built in other ways than most."""
OWN = Branch("plate", "P001")
SPLIT = SPEC.replace("params:\n", "split: plate\nparams:\n")
LAYOUTS: dict[str, dict[str, str]] = {
    "folders": {},
    "no folders": {
        '"{plate}/{well}_s': '"{plate}_{well}_s',
        "illum/{plate}/{plate}_": "illum/{plate}_",
        "corrected/{plate}/{well}/{plate}_": "corrected/{plate}_",
        "measurements/{plate}/{well}/": "measurements/{plate}_{well}_",
        "report/{plate}/{plate}_": "report/{plate}_",
    },
    "names after plates": {
        "illum/{plate}/{plate}_Illum{channel}.npy": "illum_{plate}_of_{channel}.npy",
        "measurements/{plate}/{well}/": "m-{plate}-of-{well}-",
    },
    "wells before plates": {
        "[plate, well]": "[well, plate]",
        "corrected/{plate}/{well}/{plate}_": "corrected/{well}/{plate}/",
        "measurements/{plate}/{well}/": "measurements/{well}/{plate}/",
    },
    # `wells` could be a well, so that the step that comes first plans the others ahead.
    "outputs that might meet": {"measurements/{plate}/{well}/Nuclei.csv": "report/{plate}/{plate}_{well}.csv"},
}
STEPS = ("illum_calc", "illum_apply", "measure", "report")


@dataclass
class S3Lab(Lab):
    """The lab with its images and its workspace on S3."""

    bucket: str = ""

    @property
    def workspace(self) -> Storage:
        return Storage(f"s3://{self.bucket}/work/lab")

    def context(self) -> Any:
        roots = {"data_root": f"s3://{self.bucket}/images", "workspace_root": f"s3://{self.bucket}/work"}
        return replace(super().context(), branch=OWN, **roots)

    def plan(self, step: str, **params: Any) -> StepPlan:
        context = self.context()
        return plan_one(
            self.pipeline, step, load_catalog(), replace(context, params={**self.params, **params}),
            data=Storage(context.data_root), workspace=self.workspace, digests=lambda _: self.digest,
        )  # fmt: skip

    def run_branch(self) -> None:
        for step in STEPS:
            plan, spec = self.plan(step), self.pipeline.steps[step]
            assert isinstance(spec, Step)
            done = [task for task in plan.tasks(UnitState.PENDING) if self._do(step, task)]
            record_plan(self.workspace, self.context().run_id, plan, OWN.key)
            OutcomeStore(self.workspace).record_current(self.context().run_id, step, spec.foreach, done, branch=OWN.key)


def with_plates(lab: S3Lab, plates: int) -> None:
    """Copies of all that the one plate has, for others before and after it."""
    backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    own = [(key.name, key.value) for key in backend.get_bucket(lab.bucket).keys.values()]
    for number in (n for n in range(plates) if n != 1):
        for name, value in own:
            if "P001" in name:
                backend.put_object(lab.bucket, name.replace("P001", f"P{number:03}"), value)


@pytest.fixture(params=list(LAYOUTS))
def lab(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[S3Lab]:
    spec = SPLIT
    for old, new in LAYOUTS[request.param].items():
        assert old in spec
        spec = spec.replace(old, new)
    with s3_bucket() as bucket:
        lab = S3Lab(tmp_path, spec, bucket=bucket)
        between = "_" if request.param == "no folders" else "/"
        for key in (f"P001{between}{w}_s{s}_{c}.tif" for w in ("A01", "A02") for s in (1, 2) for c in ("DNA", "ER")):
            Storage(f"s3://{bucket}/images").put(key, key.encode())
        lab.run_branch()
        for each in lab.workspace.list("_platerunner/outcomes/measure/"):
            lab.workspace.put(each.key.replace("/measure/", "/before/"), b"{}")
        yield lab


def look_of_a_page(lab: S3Lab) -> object:
    file = StateFile(lab.workspace, lab.context().run_id, "measure", OWN.key)
    units = tuple(unit.unit for unit in lab.plan("measure").units)
    submission = Submission(1, "job", "array", len(units), units, "queue", job_id="1")
    file.save(StepState(lab.context().run_id, "measure", submissions=(submission,)))
    return RunRecord(lab.workspace, lab.context().run_id, "measure", OWN.key).units


def forgotten(lab: S3Lab) -> object:
    store, units = OutcomeStore(lab.workspace), lab.plan("measure").units
    return store.forget("measure", units[:0], units_below(OWN.key, [units[0].unit]))


def shown(lab: S3Lab) -> str:
    report = lab.pipeline.steps["report"]
    assert isinstance(report, Step)
    return report.outputs["heatmap"].pattern


LOOKS: dict[str, Callable[[S3Lab], object]] = {
    **{f"{step} done": lambda lab, step=step: lab.plan(step) for step in STEPS},
    "measure changed": lambda lab: lab.plan("measure", nuclei="ER"),
    "a page": look_of_a_page,
    "nothing to forget": forgotten,
    "pictures of a gate": lambda lab: list(from_workspace_pattern(shown(lab), lab.workspace, OWN).files),
}


def counted(lab: S3Lab, look: Callable[[S3Lab], object], monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """LISTs that were sent, and keys that were looked at."""
    seen, listing = [], Storage.list

    def watched(*args: Any, **options: Any) -> Iterator[Any]:
        for found in listing(*args, **options):
            seen.append(found.key)
            yield found

    with monkeypatch.context() as patch, requests_for("list-type=2") as sent:
        patch.setattr(Storage, "list", watched)
        look(lab)
    return len(sent), len(seen)


@pytest.mark.slow
def test_a_branch_asks_s3_the_same_whatever_other_plates_there_are(lab, request, monkeypatch):
    found = {}
    for plates in PLATES if request.node.callspec.params["lab"] == "folders" else FEW:
        with_plates(lab, plates)
        assert {unit.state for unit in lab.plan("measure").units} == {UnitState.DONE}
        assert {unit.state for unit in lab.plan("measure", nuclei="ER").units} == {UnitState.PENDING}
        found[plates] = {name: counted(lab, look, monkeypatch) for name, look in LOOKS.items()}
    assert all(each == found[5] for each in found.values())
    assert max(lists for lists, _ in found[5].values()) <= 25
