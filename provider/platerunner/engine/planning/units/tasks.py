"""The part of a manifest that all units of a submission share."""

from dataclasses import dataclass
from typing import Any

from platerunner.catalog.model import Resources
from platerunner.engine.planning.model import StepSettings
from platerunner.engine.planning.units.toolfiles import ToolFiles, store_files
from platerunner_unit.contract.manifest import StepTask
from platerunner_unit.contract.storage import Storage


@dataclass(frozen=True, slots=True)
class StepTaskBuilder:
    """Makes the part of a manifest that all units share.

    :param settings: of the step.
    :param files: its own files.
    :param digest: of its image.
    """

    pipeline: str
    run_id: str
    settings: StepSettings
    files: ToolFiles
    digest: str | None
    data: Storage
    workspace: Storage

    def __call__(self, submission: int, resources: Resources | None = None) -> StepTask:
        """The step part of a submission; the step's own files are put into the workspace if they are not there.

        :param submission: its number in this run and step, from 1.
        :param resources: what its units ask for; None for what the spec says.
        :raises platerunner_unit.contract.storage.AccessDeniedError: if the workspace cannot be written.
        """
        store_files(self.workspace, self.settings, self.files)
        return self._task(submission, resources or self.settings.resources)

    def _task(self, submission: int, resources: Resources) -> StepTask:
        settings = self.settings
        return StepTask(
            pipeline=self.pipeline,
            run_id=self.run_id,
            step=settings.step,
            submission=submission,
            module=settings.module,
            tool=settings.tool,
            roots={"data": self.data.url, "workspace": self.workspace.url},
            argv=settings.argv,
            params=dict(settings.params),
            files=dict(self.files),
            folders=settings.folders,
            load_data=settings.load_data,
            allow_flagged=settings.allow_flagged,
            image=settings.image,
            digest=self.digest,
            stall_s=resources.stall,
            timeout_s=resources.timeout,
            requested=_requested(resources),
        )


def _requested(resources: Resources) -> dict[str, Any]:
    return {
        "vcpus": resources.vcpus,
        "memory": resources.memory,
        "disk": resources.disk,
        "capacity": resources.capacity,
    }
