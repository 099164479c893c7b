"""What starts a pipeline, and what its steps update, as Airflow's schedule and assets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from airflow.sdk import Asset, AssetWatcher
from airflow.sdk.definitions.asset import AssetRef

from platerunner.hooks.connection_id import CONN_ID
from platerunner.spec.model import OnAssets, OnConfig, OnUpload, Pipeline

if TYPE_CHECKING:
    from airflow.sdk import CronTriggerTimetable

GROUP = "platerunner"


def schedule_of(pipeline: Pipeline) -> "str | CronTriggerTimetable | Sequence[Asset | AssetRef] | None":
    """The DAG's schedule; a list means all of its assets."""
    schedule = pipeline.schedule
    if isinstance(schedule, OnAssets):
        # Whatever asset has the name: who updates it says what it is, in a spec or in a DAG of another kind.
        return [(Asset.ref(uri=name) if _is_uri(name) else Asset.ref(name=name)) for name in schedule.assets]
    if isinstance(schedule, OnConfig):
        return None
    if isinstance(schedule, OnUpload):
        return None if schedule.by_values else [uploads_asset(pipeline.name, schedule)]
    if schedule is None or pipeline.timezone == "UTC":
        return schedule
    # Most specs have no time zone, and this imports croniter, which takes as long as several specs.
    from airflow.sdk import CronTriggerTimetable

    return CronTriggerTimetable(schedule, timezone=pipeline.timezone)


def outlets_of(assets: Sequence[str]) -> list[Asset]:
    """The assets that a step's success updates."""
    return [Asset(uri=name) if _is_uri(name) else Asset(name=name, group=GROUP) for name in assets]


def _is_uri(name: str) -> bool:
    return "://" in name


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
