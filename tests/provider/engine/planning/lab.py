"""A folder of images, a workspace, and a stand-in for the steps that writes what a plan expects of them."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from platerunner.catalog.loader import load_catalog
from platerunner.engine.planning.context import RunContext, RunOptions
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.planning.prepare import images, ingredients_of, plan_one, plan_pipeline
from platerunner.engine.planning.settings import Variants, data_root
from platerunner.engine.planning.units.fingerprint import hash_files
from platerunner.engine.planning.units.tasks import StepTaskBuilder
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.spec.loader import load_text
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.manifest import UnitTask
from platerunner_unit.contract.outcome import Outcome, OutputRecord, contents_of, inputs_as_kept
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import folder_of
from platerunner_unit.runner.stage import Stager

SPEC = """
version: 1
pipeline: lab
workspace: "{{ workspace_root }}/lab"
params:
  wells: {type: array, items: {type: string}, default: []}
  nuclei: {type: string, default: DNA}
dataset:
  root: "{{ data_root }}"
  files:
    raw:
      path: "{plate}/{well}_s{site:int}_{channel}.tif"
      complete: [site, channel]
  where: {well: "{{ params.wells }}"}
steps:
  illum_calc:
    module: imaging.illum-calc
    foreach: [plate]
    inputs: {images: dataset.raw}
    outputs: {illum: "illum/{plate}/{plate}_Illum{channel}.npy"}
  illum_apply:
    module: imaging.illum-apply
    foreach: [plate, well]
    inputs: {images: dataset.raw, illum: illum_calc.illum}
    outputs: {corrected: "corrected/{plate}/{well}/{plate}_{well}_s{site}_Corr{channel}.tiff"}
  measure:
    module: imaging.segment-measure
    foreach: [plate, well]
    inputs: {images: illum_apply.corrected}
    with: {nuclei: "{{ params.nuclei }}"}
    outputs:
      image: "measurements/{plate}/{well}/Image.csv"
      nuclei: "measurements/{plate}/{well}/Nuclei.csv"
  report:
    module: imaging.plate-report
    foreach: [plate]
    inputs: {tables: measure.image}
    with: {column: Count_Nuclei}
    outputs:
      heatmap: "report/{plate}/{plate}_Count_Nuclei.png"
      table: "report/{plate}/{plate}_wells.csv"
"""

Ran = dict[str, list[str]]


@dataclass
class Lab:
    """One pipeline over one folder of images.

    :param fails: (step, unit) pairs that fail with ``tool_error``.
    :param asked: the params of every run: ``only``, ``rerun``, ``resources``.
    :param steady: steps whose outputs have the same content whatever their inputs are.
    :param heeds_params: whether what a step writes depends on its ``with`` as well.
    """

    folder: Path
    spec: str = SPEC
    params: dict[str, Any] = field(default_factory=lambda: {"wells": [], "nuclei": "DNA"})
    fails: set[tuple[str, str]] = field(default_factory=set)
    steady: set[str] = field(default_factory=set)
    heeds_params: bool = False
    runs: int = 0
    asked: dict[str, Any] = field(default_factory=dict)
    digest: str | None = "sha256:0"
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def workspace(self) -> Storage:
        return Storage(str(self.folder / "work/lab"))

    @property
    def pipeline(self) -> Pipeline:
        return _load(self.spec, self.folder / "lab.yaml")

    def context(self) -> RunContext:
        options = RunOptions.of(self.asked, self.pipeline)
        return RunContext(self.params, str(self.images), str(self.folder / "work"), f"run{self.runs}", options=options)

    def shoot(
        self, plates: Iterable[str] = ("P1",), wells: Iterable[str] = ("A01", "A02"), sites: Iterable[int] = (1, 2)
    ) -> None:
        """Write raw images of two channels."""
        for key in (f"{p}/{w}_s{s}_{c}.tif" for p in plates for w in wells for s in sites for c in ("DNA", "ER")):
            path = self.images / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(key)

    def plan_one(self, step: str) -> StepPlan:
        """Plan a step within the present run."""
        pipeline, context = self.pipeline, self.context()
        return plan_one(
            pipeline,
            step,
            load_catalog(),
            context,
            data=Storage(data_root(pipeline, context)),
            workspace=self.workspace,
            digests=lambda image: self.digests.get(image, self.digest),
        )

    def builder(self, step: str) -> StepTaskBuilder:
        """What makes the shared part of a step's manifests."""
        pipeline, context = self.pipeline, self.context()
        spec = pipeline.steps[step]
        assert isinstance(spec, Step)
        settings = Variants(spec, load_catalog(), context, self.folder).own
        data = Storage(data_root(pipeline, context))
        files = hash_files(settings)
        return StepTaskBuilder(pipeline.name, context.run_id, settings, files, self.digest, data, self.workspace)

    def plan_all(self) -> dict[str, StepPlan]:
        """Plan the pipeline before it runs."""
        names = images(self.pipeline, load_catalog(), self.context())
        digests = {name: self.digests.get(name, self.digest) for name in names}
        plans = plan_pipeline(self.pipeline, load_catalog(), self.context(), Storage, digests)
        return {plan.step: plan for plan in plans}

    def run(self) -> Ran:
        """A whole run: plan each step, do what is pending, record what is done.

        :returns: step to the units that ran.
        """
        self.runs += 1
        return {step.name: self.run_step(step.name) for step in self.pipeline.modules}

    def run_step(self, name: str) -> list[str]:
        plan = self.plan_one(name)
        OutcomeStore(self.workspace).set_aside(name, plan.overwritten)
        for unit in plan.of(UnitState.DONE):
            OutcomeStore(self.workspace).take_over(name, unit)
        ran = list(plan.tasks(UnitState.PENDING))
        good = [task for task in ran if self._do(name, task)]
        step = self.pipeline.steps[name]
        done, waiting = [*plan.tasks(UnitState.DONE), *good], plan.tasks(UnitState.WAITING)
        OutcomeStore(self.workspace).record_current(self.context().run_id, name, step.foreach, done, waiting)
        return [task.unit for task in ran]

    def _do(self, step: str, task: UnitTask) -> bool:
        missing = [file.key for files in task.inputs.values() for file in files if file.size is None]
        category = Category.INPUT_MISSING if missing else Category.SUCCEEDED
        if (step, task.unit) in self.fails:
            category = Category.TOOL_ERROR
        outputs = self._write(step, task) if category is Category.SUCCEEDED else ()
        verdict = Verdict(category.value, "as planned")
        OutcomeStore(self.workspace).write(
            Outcome(
                "lab", self.context().run_id, step, task.unit, task.values, task.fingerprint, 1, verdict,
                image=(image := self.builder(step).settings.image), digest=self.digests.get(image, self.digest),
                ingredients=self._ingredients(step, task), outputs=outputs,
                timing={"ended": f"2026-01-01T00:{self.runs:04}"},
            )
        )  # fmt: skip
        return category is Category.SUCCEEDED

    def _ingredients(self, step: str, task: UnitTask) -> dict[str, Any]:
        """What the runner keeps of a unit."""
        pipeline, context = self.pipeline, self.context()
        digests = {name: self.digests.get(name, self.digest) for name in images(pipeline, load_catalog(), context)}
        own = ingredients_of(pipeline, step, load_catalog(), context, digests)(task.values)
        kept = {name: own[name] for name in ("image", "tool", "argv", "with", "files", "load_data")}
        roots = {"data": data_root(pipeline, context), "workspace": self.workspace.url}
        return {**kept, "inputs": inputs_as_kept(task.inputs), "contents": contents_of(roots, task.inputs)}

    def _write(self, step: str, task: UnitTask) -> tuple[OutputRecord, ...]:
        """Outputs whose content follows from the unit's own inputs; one that did not change is left alone."""
        records = []
        inputs: list[Any] = [
            (f.key, f.etag) for files in task.inputs.values() for f in files if step not in self.steady
        ]
        inputs += [self._ingredients(step, task)["with"]] if self.heeds_params else []
        keys = [file.key for files in task.outputs.values() for file in files]
        keys += [re.sub(r"\{[^{}]*\}", "x", output.pattern) for output in task.open_outputs.values()]
        for key in keys:
            content = hashlib.sha256(repr((key, inputs)).encode()).digest()
            if folder_of(key) is not None:
                records += self._write_folder(key, content)
                continue
            if not self.workspace.exists(key) or self.workspace.get(key) != content:
                self.workspace.put(key, content)
            records.append(OutputRecord("made", key, len(content), hashlib.sha256(content).hexdigest()))
        return tuple(records)

    def _write_folder(self, key: str, content: bytes) -> tuple[OutputRecord, ...]:
        made = self.folder / "made"
        (made / "0").mkdir(parents=True, exist_ok=True)
        (made / "0/0.0").write_bytes(content)
        return Stager().stage_out(self.workspace, [("made", key, made)])


@cache
def _load(spec: str, path: Path) -> Pipeline:
    return load_text(spec, path)


def states(plan: StepPlan) -> dict[str, tuple[str, str]]:
    """Unit id to state and reason."""
    return {unit.task.unit: (str(unit.state), str(unit.reason)) for unit in plan.units}
