"""A run as a whole: what starts it and gives it params, when it should have ended, and what it may cost."""

from datetime import UTC, datetime
from functools import cache, lru_cache

from platerunner.catalog import quantities
from platerunner.catalog.quantities import QuantityError, money
from platerunner.documents.problems import suggest
from platerunner.spec import templates
from platerunner.spec.draft import Data, Draft, texts
from platerunner.spec.model import AT_LATEST, QUIET
from platerunner.spec.uploaded import pattern_of, takes
from platerunner_unit.contract.patterns import PatternError

_PRESETS = frozenset({"@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly"})


def check_schedule(draft: Draft) -> None:
    """Note wrong cron expressions, times that disagree, a pipeline that starts itself, a deadline without a message."""
    schedule = draft.data.get("schedule")
    if isinstance(schedule, str):
        _check_cron(draft, schedule)
    elif isinstance(schedule, dict) and not draft.is_doubtful("schedule"):
        _check_start(draft, schedule)
    _check_timezone(draft)
    _check_deadline(draft)


def _check_start(draft: Draft, schedule: Data) -> None:
    kinds = [key for key in ("asset", "on_upload", "on_config") if key in schedule]
    needed = {"quiet": "on_upload", "at_latest": "on_upload", "by": "asset"}
    idle = [key for key, needs in needed.items() if key in schedule and needs not in schedule]
    if len(kinds) != 1:
        message = "`schedule` has none of `asset`, `on_upload` and `on_config`"
        if kinds:
            message = f"`schedule` has both `{kinds[0]}` and `{kinds[1]}`"
        remedy = (
            'Write one of them: `{asset: features}`, `{on_upload: "s3://bucket/prefix/"}`, or `{on_config: '
            '"s3://bucket/prefix/"}`.'
        )
        draft.source.at_key(("schedule", *kinds[1:]), message, remedy, "bad-schedule")
    elif idle:
        remedy = f"Take it out, or write `{needed[idle[0]]}` instead of `{kinds[0]}`."
        message = f"`{idle[0]}` says nothing without `{needed[idle[0]]}`"
        draft.source.at_key(("schedule", idle[0]), message, remedy, "bad-schedule")
    elif "at_once" in schedule and not _gives_params(schedule):
        message = "`at_once` says nothing here: without params of its own, each run goes on after the one before"
        remedy = "Take it out, or give `on_upload` wildcards, such as `s3://bucket/{plate}/`."
        if kinds == ["asset"]:
            remedy = "Take it out, or add `by` with the param that each key of the asset's events is."
        draft.source.at_key(("schedule", "at_once"), message, remedy, "bad-schedule")
    elif kinds == ["on_upload"]:
        _check_times(draft, schedule)
        _check_workspace(draft, "on_upload")
    elif kinds == ["on_config"]:
        _check_workspace(draft, "on_config")


def _gives_params(schedule: Data) -> bool:
    """Whether each run has params of its own from what starts it."""
    return "on_config" in schedule or "by" in schedule or "{" in schedule.get("on_upload", "")


def _check_cron(draft: Draft, text: str) -> None:
    if text in _PRESETS:
        return
    objection = _cron_objection(text)
    if objection is not None:
        message, remedy = objection
        if text.startswith("s3://"):
            remedy = f'To start when files arrive there, write `{{on_upload: "{text}"}}`.'
        draft.source.at_value(("schedule",), message, remedy, "bad-schedule")


_CRON = "Write minute, hour, day, month and weekday, like `0 6 * * *`, or null."
_FIELDS = 5
_YEARS = 5


@lru_cache(maxsize=256)
def _cron_objection(text: str) -> tuple[str, str] | None:
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


def _check_workspace(draft: Draft, key: str) -> None:
    """Note results that are written where the pipeline waits for files: it would start itself forever."""
    prefix, workspace = draft.data["schedule"][key], draft.data.get("workspace", "")
    if f"{workspace}/".startswith(prefix.partition("{")[0].partition("*")[0]):
        message = f"the pipeline writes its own results there, to `{workspace}`, so that it would start itself"
        remedy = "Wait for files in a folder of their own, or write results elsewhere."
        draft.source.at_value(("schedule", key), message, remedy, "self-start")


def _check_deadline(draft: Draft) -> None:
    told = draft.data.get("notify", {}).get("on_deadline")
    if draft.is_doubtful("notify") or draft.is_doubtful("deadline"):
        return
    if "deadline" in draft.data and not told:
        remedy = "Add who gets the message, such as `notify: {on_deadline: [{email: [lab@example.org]}]}`."
        draft.source.at_key(("deadline",), "nobody would be told that the deadline is missed", remedy, "idle-deadline")
    if told and "deadline" not in draft.data:
        remedy = "Add a deadline, such as `deadline: 12 h`, or take `on_deadline` out."
        draft.source.at_key(("notify", "on_deadline"), "there is no deadline to be missed", remedy, "idle-deadline")


def check_upload(draft: Draft) -> None:
    """Note a pattern of uploads that is none, and wildcards whose values no param takes."""
    schedule = draft.data.get("schedule")
    if not isinstance(schedule, dict) or draft.is_doubtful("schedule") or draft.is_doubtful("params"):
        return
    keys, params = ("schedule", "on_upload"), draft.data.get("params", {})
    try:
        pattern = pattern_of(schedule.get("on_upload", ""))
    except PatternError as error:
        remedy = "Write it as a pattern of files: `s3://bucket/{plate}/done.txt`."
        draft.source.at_value(keys, f"`schedule.on_upload` is no pattern: {error}", remedy, "bad-pattern")
        return
    for name in pattern.wildcards if pattern else ():
        if name not in params:
            message = f"`{{{name}}}` would be a param of each run, and there is no param `{name}`"
            added = f"Add `{name}: {{type: string, required: true}}` under `params`."
            draft.source.at_value(keys, message, f"{suggest(name, params, 'params')} {added}", "unknown-param")
        elif not takes(params[name]):
            message = f"`{{{name}}}` is text of a file's name, which the param `{name}` does not take"
            remedy = f"Let `params.{name}` be of type string, integer, or array of these."
            draft.source.at_value(keys, message, remedy, "unfit-param")


def check_config(draft: Draft) -> None:
    """Note a workspace that differs with each launch, and messages about files that no schedule waits for."""
    schedule = draft.data.get("schedule")
    told = draft.data.get("notify", {}).get("on_rejected") if not draft.is_doubtful("notify") else None
    if not isinstance(schedule, dict) or "on_config" not in schedule:
        if told and not draft.is_doubtful("schedule"):
            remedy = 'Take it out, or write `schedule: {on_config: "s3://bucket/prefix/"}`.'
            message = "no file is refused without `schedule.on_config`"
            draft.source.at_key(("notify", "on_rejected"), message, remedy, "idle-message")
        return
    try:
        named = {path[0] for path in templates.names_in(str(draft.data.get("workspace", "")))}
    except templates.TemplateProblem:
        return  # it has a rule of its own
    if named & {"params", "run_id", "logical_date"}:
        message = "launches are recorded in the workspace, and each would have another one"
        remedy = "Take the template out, and let the outputs have what tells launches apart, such as `{plate}`."
        draft.source.at_value(("workspace",), message, remedy, "bad-location")


def given_by_schedule(draft: Draft) -> frozenset[str]:
    """The params that whatever starts runs gives them."""
    schedule = draft.data.get("schedule")
    if isinstance(schedule, dict) and "on_config" in schedule:
        return frozenset(draft.data.get("params", {}))
    if isinstance(schedule, dict) and "by" in schedule:
        return frozenset({schedule["by"]})
    try:
        pattern = pattern_of(schedule.get("on_upload", "")) if isinstance(schedule, dict) else None
    except PatternError:
        return frozenset()
    return frozenset(pattern.wildcards if pattern else ())


def check_budget(draft: Draft) -> None:
    """Note a budget without a limit, a limit that no run can reach first, and approvers who are never asked."""
    budget = draft.data.get("budget")
    if not isinstance(budget, dict) or draft.is_doubtful("budget"):
        return
    if "per_run" not in budget and "per_plate" not in budget:
        remedy = "Write what a run may cost, such as `per_run: 50 USD`, or delete `budget`."
        draft.source.at_key(("budget",), "the budget has no limit", remedy, "idle-budget")
    _check_plate(draft, budget)
    for key in ("approvers", "timeout"):
        if key in budget and budget.get("on_exceed", "ask") != "ask":
            message = f"nobody is asked, since `on_exceed` is `{budget['on_exceed']}`, so that `{key}` has no effect"
            draft.source.at_key(("budget", key), message, f"Write `on_exceed: ask`, or delete `{key}`.", "idle-budget")


def _check_plate(draft: Draft, budget: Data) -> None:
    if "per_plate" not in budget:
        return
    place = ("budget", "per_plate")
    if not any("plate" in dict(texts(step.get("foreach"))).values() for step in draft.steps.values()):
        message = "no step has `plate` in its `foreach`, so that no cost is a plate's"
        draft.source.at_key(place, message, "Write `per_run` instead.", "idle-budget")
        return
    limits = [_amount(budget.get(key)) for key in ("per_plate", "per_run")]
    if None not in limits and (limits[0] or 0) > (limits[1] or 0):
        message = "a plate may cost more than the whole run, so that this limit is never reached"
        draft.source.at_value(place, message, "Write less than `per_run`, or delete it.", "idle-budget")


def _amount(written: object) -> float | None:
    try:
        return money(written) if isinstance(written, str) else None
    except QuantityError:
        return None
