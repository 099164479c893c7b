"""Hands the jobs of a Snakemake workflow to AWS Batch, by `platerunner run`.

    snakemake --executor platerunner --jobs 1000 --platerunner-workspace s3://lab/flow

Jobs of one rule that are ready together and ask for the same become one array job, with Platerunner's own submission,
poller, verdicts, retries (spot, then on demand) and ledger. Snakemake stays where it is, and fetches what they made.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor
from snakemake_interface_executor_plugins.jobs import JobExecutorInterface
from snakemake_interface_executor_plugins.settings import CommonSettings, ExecutorSettingsBase

from snakemake_executor_plugin_platerunner.batches import Batch, Place, alike

common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=False,  # files come and go by the workspace, and Snakemake finds them where it expects them
    job_deploy_sources=False,
    pass_envvar_declarations_to_cmd=False,
    can_transfer_local_files=True,
)

LOOK_S = 2
"""Seconds between two looks at the processes of this machine; `platerunner run` asks AWS at a pace of its own."""


@dataclass
class ExecutorSettings(ExecutorSettingsBase):  # type: ignore[misc]
    """Options of the command line, each with `--platerunner-` before it."""

    workspace: Optional[str] = field(  # noqa: UP045  (Snakemake reads it at run time)
        default=None,
        metadata={"help": "Where files and records of all jobs go: a folder or s3://bucket/prefix.", "required": True},
    )
    image: str = field(default="snakemake:9.27.1", metadata={"help": "Image in which jobs run."})
    local: bool = field(default=False, metadata={"help": "On the embedded cloud, on this machine."})
    command: str = field(default="platerunner", metadata={"help": "Platerunner's program."})


class Executor(RemoteExecutor):  # type: ignore[misc]
    """Runs batches of like jobs, each by a `platerunner run` of its own."""

    def __post_init__(self) -> None:
        """Make the place of this run."""
        settings = self.workflow.executor_settings
        self._place = Place(settings.workspace, settings.image, settings.command, local=settings.local)
        self._batches: list[Batch] = []
        self.next_seconds_between_status_checks = LOOK_S

    def run_jobs(self, jobs: list[JobExecutorInterface]) -> None:
        """Start jobs that are ready, those that are alike in one array job."""
        for job in jobs:
            self.run_job_pre(job)
        for group in alike(jobs):
            self._start(group)

    def run_job(self, job: JobExecutorInterface) -> None:
        """Start a single job."""
        self._start([job])

    def _start(self, jobs: list[JobExecutorInterface]) -> None:
        sources = sorted(path for path in self.workflow.dag.get_sources() if Path(path).is_file())
        snakefile = Path(str(self.workflow.main_snakefile)).resolve()
        batch = Batch(self._place, len(self._batches) + 1, jobs, snakefile, sources, dict(self.workflow.config))
        self._batches.append(batch)
        try:
            batch.start()
        except (OSError, ValueError) as error:
            raise WorkflowError(f"batch {batch.name} cannot be started: {error}") from error
        self.logger.info(f"{len(jobs)} jobs of {batch.step} handed over: {batch.told}")
        for name, job in batch.jobs.items():
            self.report_job_submission(
                SubmittedJobInfo(job, external_jobid=f"{batch.name}/{name}", aux={"batch": batch})
            )

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncGenerator[SubmittedJobInfo, None]:
        """Tell Snakemake of the jobs whose batch has ended."""
        for info in active_jobs:
            batch = info.aux["batch"]
            if not batch.ended():
                yield info
                continue
            why = batch.fetch(info.external_jobid.rpartition("/")[2])
            if why:
                self.report_job_error(info, msg=f"{why}\n")
            else:
                self.report_job_success(info)

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        """End all batches that still run, and their jobs on AWS Batch with them."""
        for batch in {id(info.aux["batch"]): info.aux["batch"] for info in active_jobs}.values():
            batch.stop()
