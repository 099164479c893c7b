"""How many units of a running step have ended, straight from AWS Batch."""

import os
import time
from functools import cached_property
from typing import TYPE_CHECKING

from platerunner.batch.status import describe
from platerunner.engine.records.branches import load_branches
from platerunner.engine.records.step_state import StateFile
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.storage import Storage

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

REFRESH_S = 2.0


class JobCounts:
    """Counts of a step's jobs, asked for at most every two seconds.

    :param workspace: where the run keeps its state.
    """

    def __init__(self, pipeline: Pipeline, workspace: Storage, run_id: str) -> None:
        self._pipeline = pipeline
        self._workspace = workspace
        self._run_id = run_id
        self._known: dict[str, tuple[float, tuple[int, int]]] = {}

    def __call__(self, step: str) -> tuple[int, int]:
        """Units ended and units submitted.

        :param step: the step's name.
        """
        at, counts = self._known.get(step, (0.0, (0, 0)))
        if time.monotonic() - at > REFRESH_S:
            counts = self._ask(step)
            self._known[step] = (time.monotonic(), counts)
        return counts

    def _ask(self, step: str) -> tuple[int, int]:
        jobs = [s.job_id for file in self._files(step) for s in file.load().submissions if s.job_id]
        if not jobs:
            return 0, 0
        ended = total = 0
        for view in describe(self._batch, jobs):
            counts = view.counts()
            total += sum(counts.values())
            ended += counts.get("SUCCEEDED", 0) + counts.get("FAILED", 0)
        return ended, total

    @cached_property
    def _batch(self) -> "BatchClient":
        import boto3  # a run that has nothing to do asks for no job

        return boto3.client("batch", region_name=os.environ.get("AWS_DEFAULT_REGION"))

    def _files(self, step: str) -> list[StateFile]:
        if not self._pipeline.in_branches(step):
            return [StateFile(self._workspace, self._run_id, step)]
        branches = load_branches(self._workspace, self._run_id)
        return [StateFile(self._workspace, self._run_id, step, branch.key) for branch in branches]
