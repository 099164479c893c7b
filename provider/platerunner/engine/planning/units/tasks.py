"""The part of a manifest that all units of a submission share."""

from dataclasses import dataclass, replace

from platerunner.catalog.model import Resources
from platerunner.engine.planning.model import StepSettings
from platerunner.engine.planning.units.fingerprint import ToolFiles, store_files
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

    def __call__(self, submission: int, resources: Resources | None = None, batches: tuple[int, ...] = ()) -> StepTask:
        """The step part of a submission; the step's own files are put into the workspace if they are not there.

        :param submission: its number in this run and step, from 1.
        :param resources: what its jobs ask for; None for what the spec says.
        :param batches: as :attr:`platerunner_unit.contract.manifest.StepTask.batches`.
        :raises platerunner_unit.contract.storage.AccessDeniedError: if the workspace cannot be written.
        """
        store_files(self.workspace, self.settings, self.files)
        return replace(self._task(submission, resources or self.settings.resources), batches=batches)

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
            leave_out=dict(settings.leave_out),
            planes={name: dict(axes) for name, axes in settings.planes.items()},
            image=settings.image,
            digest=self.digest,
            carries=settings.carries,
            stall_s=resources.stall,
            timeout_s=resources.timeout,
            requested={
                "vcpus": resources.vcpus,
                "memory": resources.memory,
                "disk": resources.disk,
                "capacity": resources.capacity,
            },
        )
