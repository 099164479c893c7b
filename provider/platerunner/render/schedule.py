"""What starts a pipeline, and what its steps update, as Airflow's schedule and assets."""

from collections.abc import Sequence

from airflow.sdk import Asset, AssetWatcher, CronTriggerTimetable
from airflow.sdk.definitions.asset import AssetRef

from platerunner.hooks.connection_id import CONN_ID
from platerunner.spec.model import OnAssets, OnUpload, Pipeline

GROUP = "platerunner"


def schedule_of(pipeline: Pipeline) -> str | CronTriggerTimetable | Sequence[Asset | AssetRef] | None:
    """The DAG's schedule; a list means all of its assets."""
    schedule = pipeline.schedule
    if isinstance(schedule, OnAssets):
        return [_reference(name) for name in schedule.assets]
    if isinstance(schedule, OnUpload):
        return [_uploads(pipeline.name, schedule)]
    if schedule is None or pipeline.timezone == "UTC":
        return schedule
    return CronTriggerTimetable(schedule, timezone=pipeline.timezone)


def outlets_of(assets: Sequence[str]) -> list[Asset]:
    """The assets that a step's success updates."""
    return [Asset(uri=name) if _is_uri(name) else Asset(name=name, group=GROUP) for name in assets]


def _reference(name: str) -> AssetRef:
    """Whatever asset has the name: who updates it says what it is, in a spec or in a DAG of another kind."""
    return Asset.ref(uri=name) if _is_uri(name) else Asset.ref(name=name)


def _is_uri(name: str) -> bool:
    return "://" in name


def _uploads(pipeline: str, schedule: OnUpload) -> Asset:
    # Most specs wait for no upload, and this is slow to import.
    from platerunner.triggers.uploads import UploadsTrigger

    prefix = schedule.prefix if "/" in schedule.prefix.removeprefix("s3://") else f"{schedule.prefix}/"
    trigger = UploadsTrigger(CONN_ID, prefix, schedule.quiet, schedule.at_latest)
    return Asset(
        name=f"uploads for {pipeline}",
        # One asset per pipeline: two that wait for the same files, but for another time, would share the watcher.
        uri=f"platerunner://uploads/{pipeline}",
        group=GROUP,
        extra={"prefix": prefix},
        watchers=[AssetWatcher(name="uploads", trigger=trigger)],
    )
