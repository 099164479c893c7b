"""Where raw files and results are: URLs and folders that can be read, and results that stay apart from raw files."""

import re
from typing import Any

from platerunner.documents.sentences import where
from platerunner.documents.source import Keys
from platerunner.spec import templates
from platerunner.spec.draft import Draft

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")
_BUCKET = re.compile(r"s3://(?P<name>[^/]*)(?P<rest>/.*)?", re.DOTALL)
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ONE_BRACE = re.compile(r"(?<!\{)\{ *(?:data_root|workspace_root|params\.\w+|run_id|logical_date) *\}(?!\})")
_CHANGING = {"run_id", "logical_date"}
_PLACES: tuple[Keys, ...] = (("dataset", "root"), ("workspace",))


def check_locations(draft: Draft) -> None:
    """Note roots that lead nowhere, and a workspace that lies among the raw files or is another one in each run."""
    for keys in _PLACES:
        text = _text(draft, keys)
        if text is not None and not draft.is_doubtful(*keys):
            _check_address(draft, keys, text)
            _check_params(draft, keys, text)
    _check_apart(draft)
    _check_changing(draft)


def _text(draft: Draft, keys: Keys) -> str | None:
    value: Any = draft.data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _check_address(draft: Draft, keys: Keys, text: str) -> None:
    head, template, _ = text.partition("{{")
    objection = _objection(head, whole=not template)
    if found := _ONE_BRACE.search(text):
        objection = f"has `{found[0]}`, which is taken as it is written", f"Write `{{{found[0]}}}`, in two braces."
    if text != text.strip():
        objection = "begins or ends with a blank", "Delete it."
    if objection is not None:
        message, remedy = objection
        draft.source.at_value(keys, f"{where(keys)} {message}", remedy, "bad-location")


def _objection(head: str, *, whole: bool) -> tuple[str, str] | None:
    """What is wrong with the text before the first template, and what to do."""
    scheme = _SCHEME.match(head)
    if "\\" in head:
        return "has a `\\`", "Write `/` between folders, on Windows too."
    if scheme is None:
        return None
    if scheme[1] != "s3":
        remedy = (
            "Write `s3://`, in small letters." if scheme[1].lower() == "s3" else "Copy the files to S3 or a folder."
        )
        return f"begins with `{scheme[1]}:`, but only `s3://` URLs and folders can be read and written", remedy
    bucket = _BUCKET.fullmatch(head)
    if bucket is None:
        return "begins with `s3:/`, which has one slash too few", "Write `s3://bucket/prefix`."
    if (whole or bucket["rest"] is not None) and not _BUCKET_NAME.fullmatch(bucket["name"]):
        what = f"`{bucket['name']}` is no name of a bucket" if bucket["name"] else "no bucket is named"
        return (
            f"cannot be used: {what}",
            "Write `s3://bucket/prefix`; a bucket has 3 to 63 small letters, digits, `.`, `-`.",
        )
    return None


def _check_params(draft: Draft, keys: Keys, text: str) -> None:
    """A param that leads out of the root by default would read or write what is not meant."""
    for name in _names(text, "params"):
        default = draft.data.get("params", {}).get(name, {}).get("default")
        if isinstance(default, str) and ".." in default.split("/"):
            message = f"the default of `{name}`, `{default}`, leads out of the folder that {where(keys)} begins with"
            draft.source.warn(draft.source.mark(keys).value, message, "Give the folder itself.", "bad-location")


def _names(text: str, first: str) -> list[str]:
    try:
        return [path[1] for path in templates.names_in(text) if path[0] == first and len(path) > 1]
    except templates.TemplateProblem:
        return []  # it has a rule of its own


def _check_apart(draft: Draft) -> None:
    root, workspace = (_text(draft, keys) for keys in _PLACES)
    if root and workspace and f"{workspace.rstrip('/')}/".startswith(f"{root.rstrip('/')}/"):
        message = "results are written among the raw files, where a pattern may take them for raw files"
        remedy = "Choose a workspace outside of `dataset.root`, such as `{{ workspace_root }}/name`."
        draft.source.warn(draft.source.mark(("workspace",)).value, message, remedy, "bad-location")


def _check_changing(draft: Draft) -> None:
    workspace = _text(draft, ("workspace",)) or ""
    try:
        changing = sorted(path[0] for path in templates.names_in(workspace) if path[0] in _CHANGING)
    except templates.TemplateProblem:
        return  # it has a rule of its own
    if changing:
        message = f"each run has a workspace of its own (`{changing[0]}`), so every run computes everything again"
        remedy = "Take it out: a run leaves alone what is done, and a changed spec runs again what it touches."
        draft.source.warn(draft.source.mark(("workspace",)).value, message, remedy, "bad-location")
