"""What starts a pipeline, and who is told."""

from datetime import UTC, datetime
from functools import cache, lru_cache

from platerunner.catalog import quantities
from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys
from platerunner.spec.build_schedule import AT_LATEST, QUIET
from platerunner.spec.draft import Data, Draft, texts

_PRESETS = frozenset({"@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly"})


def check_schedule(draft: Draft) -> None:
    """Cron expressions must be some; times must agree; no pipeline starts itself; of a deadline somebody is told."""
    schedule = draft.data.get("schedule")
    if isinstance(schedule, str):
        _check_cron(draft, schedule)
    elif isinstance(schedule, dict) and not draft.is_doubtful("schedule"):
        _check_start(draft, schedule)
    _check_timezone(draft)
    _check_deadline(draft)


def _check_start(draft: Draft, schedule: Data) -> None:
    kinds = [key for key in ("asset", "on_upload") if key in schedule]
    idle = [key for key in ("quiet", "at_latest") if key in schedule and "on_upload" not in schedule]
    if len(kinds) != 1:
        message = f"`schedule` has {'both' if kinds else 'neither'} `asset` {'and' if kinds else 'nor'} `on_upload`"
        remedy = 'Write one of them: `{asset: features}`, or `{on_upload: "s3://bucket/prefix/"}`.'
        draft.source.at_key(("schedule", *kinds[1:]), message, remedy, "bad-schedule")
    elif idle:
        remedy = "Take it out, or write `on_upload` instead of `asset`."
        draft.source.at_key(
            ("schedule", idle[0]), f"`{idle[0]}` says nothing without `on_upload`", remedy, "bad-schedule"
        )
    elif kinds == ["on_upload"]:
        _check_times(draft, schedule)
        _check_workspace(draft, schedule["on_upload"])
    else:
        _check_assets(draft, schedule["asset"])


def _check_cron(draft: Draft, text: str) -> None:
    if text in _PRESETS:
        return
    objection = _objection(text)
    if objection is not None:
        message, remedy = objection
        if text.startswith("s3://"):
            remedy = f'To start when files arrive there, write `{{on_upload: "{text}"}}`.'
        draft.source.at_value(("schedule",), message, remedy, "bad-schedule")


_CRON = "Write minute, hour, day, month and weekday, like `0 6 * * *`, or null."
_FIELDS = 5
_YEARS = 5


@lru_cache(maxsize=256)
def _objection(text: str) -> tuple[str, str] | None:
    """What is wrong with a cron expression, and what to do."""
    # Most specs have no schedule, and this takes as long to import as several specs take to load.
    from croniter import CroniterError, croniter

    fields = text.split()
    if len(fields) >= _FIELDS and any(field[:1] in "RrHh" for field in fields):
        return f"`{text}` means another time whenever it is read", f"Choose one. {_CRON}"
    if len(fields) in {6, 7} and text[:1] != "@":
        words = f"`{text}` has {len(fields)} fields, for which programs have different meanings"
        return words, f"Airflow reads five. {_CRON}"
    if len(fields) != _FIELDS or not croniter.is_valid(text):
        return f"`{text}` is not a cron expression", _CRON
    try:
        croniter(text, datetime(2026, 1, 1, tzinfo=UTC), max_years_between_matches=_YEARS).get_next()
    except CroniterError:
        return f"`{text}` never comes: no date within {_YEARS} years is one of these", "Correct day, month or weekday."
    return None


def _check_timezone(draft: Draft) -> None:
    name = draft.data.get("timezone")
    if not isinstance(name, str):
        return
    if name not in _zones():
        remedy = f"{suggest(name, _zones(), 'time zones')} Names are like `Europe/Berlin`."
        draft.source.at_value(("timezone",), f"no time zone is called `{name}`", remedy, "unknown-timezone")
    elif not _has_times(draft.data.get("schedule")) and not draft.is_doubtful("schedule"):
        message, remedy = "`timezone` says nothing without a cron expression in `schedule`", "Take it out."
        draft.source.at_key(("timezone",), message, remedy, "bad-schedule")


def _has_times(schedule: object) -> bool:
    return isinstance(schedule, str) and schedule not in {"@once", "@continuous"}


@cache
def _zones() -> frozenset[str]:
    # Reads a directory, which nobody without a time zone should pay for.
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def _check_times(draft: Draft, schedule: Data) -> None:
    quiet, latest = schedule.get("quiet", QUIET), schedule.get("at_latest", AT_LATEST)
    if quantities.duration(latest) < quantities.duration(quiet):
        message = f"`at_latest` ({latest}) is shorter than `quiet` ({quiet}), so that nothing would wait for quiet"
        key = "at_latest" if "at_latest" in schedule else "quiet"
        draft.source.at_value(("schedule", key), message, "Raise `at_latest`, or lower `quiet`.", "bad-schedule")


def _check_workspace(draft: Draft, prefix: str) -> None:
    """Results that are written where files are waited for would start the pipeline forever."""
    workspace = draft.data.get("workspace", "")
    if f"{workspace}/".startswith(prefix):
        message = f"the pipeline writes its own results there, to `{workspace}`, so that it would start itself"
        remedy = "Wait for files in a folder of their own, or write results elsewhere."
        draft.source.at_value(("schedule", "on_upload"), message, remedy, "self-start")


def _check_assets(draft: Draft, named: str | list[str]) -> None:
    """A pipeline that updates what starts it would start itself forever."""
    place: Keys = ("schedule", "asset")
    places = {named: place} if isinstance(named, str) else {name: (*place, i) for i, name in enumerate(named)}
    for step, data in draft.data.get("steps", {}).items():
        for _, name in texts(data.get("assets")):
            if name in places:
                message = f"`{draft.origins[step]}` of this pipeline updates `{name}`, so that it would start itself"
                remedy = "Wait for an asset that another pipeline updates, or take it out of the step's `assets`."
                draft.source.at_value(places[name], message, remedy, "self-start")


def _check_deadline(draft: Draft) -> None:
    told = draft.data.get("notify", {}).get("on_deadline")
    if draft.is_doubtful("notify") or draft.is_doubtful("deadline"):
        return
    if "deadline" in draft.data and not told:
        remedy = "Add who is told, such as `notify: {on_deadline: [{email: [lab@example.org]}]}`."
        draft.source.at_key(("deadline",), "nobody would be told that the deadline is missed", remedy, "idle-deadline")
    if told and "deadline" not in draft.data:
        remedy = "Add a deadline, such as `deadline: 12 h`, or take `on_deadline` out."
        draft.source.at_key(("notify", "on_deadline"), "there is no deadline to be missed", remedy, "idle-deadline")
