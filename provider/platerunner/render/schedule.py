"""What starts a pipeline, and what its steps update, as Airflow's schedule and assets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from airflow.sdk import Asset, AssetAll, AssetWatcher
from airflow.sdk.definitions.asset import AssetRef

from platerunner.hooks.connection_id import CONN_ID
from platerunner.operators.assets import GROUP, can_have_keys, is_uri, outlet_of
from platerunner.render.refusals import refusal
from platerunner.spec.model import OnAssets, OnConfig, OnUpload, Pipeline
from platerunner.spec.problems import SpecError
from platerunner.spec.steps import StepAsset

if TYPE_CHECKING:
    from airflow.sdk import CronTriggerTimetable, PartitionedAssetTimetable


def schedule_of(pipeline: Pipeline) -> "str | CronTriggerTimetable | Sequence[Asset | AssetRef] | None":
    """The DAG's schedule; a list means all of its assets."""
    schedule = pipeline.schedule
    if isinstance(schedule, OnAssets):
        return None if schedule.by else _refs(schedule)
    if isinstance(schedule, OnConfig):
        return None
    if isinstance(schedule, OnUpload):
        return None if schedule.by_values else [uploads_asset(pipeline.name, schedule)]
    if schedule is None or pipeline.timezone == "UTC":
        return schedule
    # Most specs have no time zone, and this imports croniter, which takes as long as several specs.
    from airflow.sdk import CronTriggerTimetable

    return CronTriggerTimetable(schedule, timezone=pipeline.timezone)


def _refs(schedule: OnAssets) -> list[AssetRef]:
    # Whatever asset has the name: who updates it says what it is, in a spec or in a DAG of another kind.
    return [(Asset.ref(uri=name) if is_uri(name) else Asset.ref(name=name)) for name in schedule.assets]


def for_each_key(schedule: OnAssets) -> "PartitionedAssetTimetable":
    """A schedule that starts a run for each key that all of the assets have had."""
    from airflow.sdk import PartitionedAssetTimetable  # few pipelines wait so

    return PartitionedAssetTimetable(assets=AssetAll(*_refs(schedule)))


def outlets_of(assets: Sequence[StepAsset]) -> list[Asset]:
    """The assets that a step's success updates."""
    return [outlet_of(asset) for asset in assets]


def check_keys(pipeline: Pipeline) -> None:
    """:raises SpecError: if assets have keys that this Airflow does not take."""
    keyed = [asset for step in pipeline.steps.values() for asset in step.assets if asset.by]
    if not keyed or can_have_keys():
        return
    from airflow import __version__

    sentence = f"this Airflow ({__version__}) takes no keys of a task's asset events"
    remedy = "Use Airflow 3.3 or newer, or write the asset without `by`."
    raise SpecError([refusal(pipeline, asset.position, sentence, remedy, "old-airflow") for asset in keyed])


def uploads_asset(pipeline: str, schedule: OnUpload) -> Asset:
    """The asset that uploads update: with wildcards, once for each combination of values.

    :param pipeline: its name.
    """
    # Most specs wait for no upload, and this is slow to import.
    from platerunner.triggers.uploads import UploadsTrigger

    prefix = (
        schedule.prefix if schedule.pattern or "/" in schedule.prefix.removeprefix("s3://") else f"{schedule.prefix}/"
    )
    trigger = UploadsTrigger(CONN_ID, prefix, schedule.quiet, schedule.at_latest, schedule.pattern)
    return Asset(
        name=f"uploads for {pipeline}",
        # One asset per pipeline: two that wait for the same files, but for another time, would share the watcher.
        uri=f"platerunner://uploads/{pipeline}",
        group=GROUP,
        extra={"prefix": prefix},
        watchers=[AssetWatcher(name="uploads", trigger=trigger)],
    )
