"""What can be found out before Airflow is started: a run that cannot work says so at once."""

import shutil
from collections.abc import Callable, Mapping
from typing import Any

from platerunner.batch.model import BatchError
from platerunner.catalog.loader import load_catalog
from platerunner.cli.aws.images import INSTALL, digests
from platerunner.cli.console import err, fail
from platerunner.cli.loading import said_of
from platerunner.engine.connection import ConnectionProblem, ConnectionSettings
from platerunner.engine.governance import unapproved
from platerunner.engine.images import place_of_image
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.model import StepPlan
from platerunner.engine.planning.prepare import images, plan_pipeline
from platerunner.engine.planning.settings import workspace_url
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner.spec.model import Pipeline
from platerunner.spec.templates import TemplateProblem
from platerunner_unit.contract.keys import probe_key
from platerunner_unit.contract.storage import Storage, StorageError

PROBE = probe_key(".writable")


def plan_or_fail(
    pipeline: Pipeline, context: RunContext, digests_of: Callable[[list[str]], Mapping[str, str | None]]
) -> list[StepPlan]:
    """Plan all steps; ends the command with one sentence if that cannot be done.

    :param context: params and roots.
    :param digests_of: image names to digests.
    """
    modules = load_catalog()
    try:
        return plan_pipeline(pipeline, modules, context, Storage, digests_of(images(pipeline, modules, context)))
    except (PlanningError, TemplateProblem, StorageError, BatchError) as error:
        fail(said_of(pipeline.path, error))


def check_connection(extras: Mapping[str, Any]) -> None:
    """End the command if a connection cannot be used without Airflow.

    :param extras: of the connection ``platerunner``.
    """
    try:
        _ = DirectAccess(extras).settings
    except ConnectionProblem as problem:
        fail(f"{problem}.")


def check_policy(extras: Mapping[str, Any], pipeline: Pipeline) -> None:
    """End the command if the connection does not let a module of the pipeline run.

    :param extras: of the connection ``platerunner``.
    """
    if found := list(unapproved(extras.get("policy", ""), pipeline.modules, load_catalog())):
        fail("\n".join(f"{sentence}." for sentence in found))


def check_before(pipeline: Pipeline, context: RunContext, connection: Mapping[str, Any], ecr: Any = None) -> None:
    """End the command if the data, the workspace or an image is not there.

    :param context: params and roots.
    :param connection: extras of the connection ``platerunner``.
    :param ecr: what answers in ECR's place; None to ask that.
    """
    workspace = Storage(workspace_url(pipeline, context))
    try:
        workspace.put(PROBE, b"writable\n")  # a full disk takes an empty file
        workspace.delete(PROBE)
    except StorageError as error:
        fail(f"The workspace cannot be written: {error}. Give another with --workspace-root.")
    check_disk(pipeline, connection)
    for plan in plan_or_fail(pipeline, context, lambda names: digests(pipeline, names, connection, ecr)):
        _warn_of_left_out(plan, context)


def check_disk(pipeline: Pipeline, connection: Mapping[str, Any]) -> None:
    """End the command if the connection says what disk hosts have, and none have what a step asks for.

    :param connection: extras of the connection ``platerunner``.
    """
    if not connection.get("host_disk"):
        return
    wrong = []
    try:
        settings = ConnectionSettings.from_extra("platerunner", connection)
    except ConnectionProblem as problem:
        fail(f"{problem}.")
    for step in pipeline.modules:
        try:
            settings.queue(step.resources.capacity, step.resources)
        except ConnectionProblem as problem:
            wrong.append(f"{pipeline.place(('steps', step.name, 'resources'))}: {step.name}: {problem}.")
    if wrong:
        fail("\n".join(wrong))


def _warn_of_left_out(plan: StepPlan, context: RunContext) -> None:
    """Tell before the run what will make its step fail at the end of it."""
    if left := context.options.left_failed(plan):
        some = ", ".join(unit.unit for unit in left[:3]) + (", …" if len(left) > 3 else "")
        err.print(
            f"{plan.step}: --only leaves out {len(left)} units that failed earlier ({some}): the step fails at its end."
            " Run without --only, or accept them with --accept-failed.",
            style="yellow",
            markup=False,
        )


def check_local_images(pipeline: Pipeline, context: RunContext, known: frozenset[str]) -> None:
    """End the command if this machine cannot stand in for an image.

    :param known: ``name:tag`` of the embedded cloud's images.
    """
    missing = [image for image in images(pipeline, load_catalog(), context) if image not in known]
    if not missing:
        return
    tool = "" if shutil.which("podman") else " (which is not installed)"
    remedy = (
        f"this machine stands in for {', '.join(sorted(known))}. If its programs are installed here, set "
        f"PLATERUNNER_STAND_INS='{missing[0]}=folder of its programs'; to run the image itself by podman{tool}, set "
        "PLATERUNNER_CONTAINERS=podman, and PLATERUNNER_CONTAINER_FOLDERS to the folders of data and results, with "
        "colons between (docs/how-to/images.md)"
    )
    if missing[0].startswith("cellprofiler:"):
        remedy = f"CellProfiler is not installed here: {INSTALL}"
    where = place_of_image(pipeline, missing[0])
    fail(f"{where}: no image `{missing[0]}` on the embedded cloud; {remedy}.")
