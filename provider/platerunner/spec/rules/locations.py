"""Addresses of raw files and results, and texts that must not leave a spec: keys, and tags that AWS refuses."""

import re
from collections.abc import Iterator
from typing import Any

from platerunner.documents.sentences import where
from platerunner.documents.source import Keys, look_alike
from platerunner.spec import templates
from platerunner.spec.draft import Data, Draft
from platerunner.spec.tags import MOST, name_objection, value_objection

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/")


_BUCKET = re.compile(r"s3://(?P<name>[^/]*)(?P<rest>/.*)?", re.DOTALL)


_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


_KEY = re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])|://[^/@\s{}]+:[^/@\s{}]+@")


_KEY_NAME = re.compile(r"aws_(?:access_key_id|secret_access_key|session_token)", re.IGNORECASE)


_ONE_BRACE = re.compile(r"(?<!\{)\{ *(?:data_root|workspace_root|params\.\w+|run_id|logical_date) *\}(?!\})")


_OWN_QUOTES = re.compile("[\u2018-\u201f\xab\xbb].*[\u2018-\u201f\xab\xbb]", re.DOTALL)


_DASHED = re.compile("[\u2010-\u2015\u2212]\\S")


_PROSE = {"title", "description", "gate", "because"}


_CHANGING = {"run_id", "logical_date"}


_PLACES: tuple[Keys, ...] = (("dataset", "root"), ("workspace",))


def check_locations(draft: Draft) -> None:
    """Note roots that lead nowhere, and a workspace that lies among the raw files or is another one in each run."""
    for keys in _PLACES:
        text = _text(draft, keys)
        if text is not None and not draft.is_doubtful(*keys) and not _KEY.search(text):
            _check_address(draft, keys, text)
            _check_params(draft, keys, text)
    _check_apart(draft)
    _check_changing(draft)


def check_texts(draft: Draft) -> None:
    """Note credentials, and quotes and dashes that only look like those that YAML and programs know."""
    for keys, value in _texts(draft.source.data, ()):
        if _KEY.search(value) or (keys and _KEY_NAME.fullmatch(str(keys[-1])) and value):
            remedy = (
                "Take it out, and revoke it, since it is in the history. Access is the connection's: its role, its "
                "`buckets`, or its `secrets` by reference."
            )
            # A spec is in Git, in Airflow's pages and in every container.
            draft.source.at_value(keys, "this is a key, which does not belong into a spec", remedy, "secret-in-spec")
        elif message := _set_in_type(draft, keys, value):
            draft.source.warn(draft.source.mark(keys).value, message, look_alike(value) or "", "typography")


def _set_in_type(draft: Draft, keys: Keys, value: str) -> str | None:
    """What a word processor did to a text; None if nothing."""
    if _OWN_QUOTES.fullmatch(value) and keys[-1] not in _PROSE and draft.source.mark(keys).plain:
        return "these quotes become a part of the text"
    if "argv" in keys and _DASHED.match(value):
        return f"`{value.split()[0]}` begins with a dash that programs take for no option"
    return None


def _texts(value: Any, keys: Keys) -> Iterator[tuple[Keys, str]]:
    """All texts of a document, with their places."""
    if isinstance(value, str):
        yield keys, value
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in below:
        yield from _texts(item, (*keys, key))


def _text(draft: Draft, keys: Keys) -> str | None:
    value: Any = draft.data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _check_address(draft: Draft, keys: Keys, text: str) -> None:
    head, template, _ = text.partition("{{")
    objection = _address_objection(head, whole=not template)
    if found := _ONE_BRACE.search(text):
        objection = f"has `{found[0]}`, which is taken as it is written", f"Write `{{{found[0]}}}`, in two braces."
    if text != text.strip():
        objection = "begins or ends with a blank", "Delete it."
    if objection is not None:
        message, remedy = objection
        draft.source.at_value(keys, f"{where(keys)} {message}", remedy, "bad-location")


def _address_objection(head: str, *, whole: bool) -> tuple[str, str] | None:
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
    """Warn of a default that leads out of the root: it would read or write files that are not meant."""
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


_REMEDY = "Use letters, digits, spaces and `_ . : / = + - @`."


def check_tags(draft: Draft) -> None:
    """Note tags that AWS would refuse when the first job is submitted."""
    own = draft.data.get("cost_tags", {})
    _check_texts(draft, (), own)
    for step, data in draft.steps.items():
        tags = data.get("cost_tags", {})
        _check_texts(draft, ("steps", step), tags)
        if len(own.keys() | tags.keys()) > MOST:
            message = f"with the pipeline's, `{step}` has {len(own.keys() | tags.keys())} tags"
            keys = ("steps", step, "cost_tags")
            draft.source.at_key(keys, message, f"Leave {MOST}, less those of the connection.", "too-many")


def _check_texts(draft: Draft, place: Keys, tags: Data) -> None:
    for name, value in tags.items():
        keys = (*place, "cost_tags", name)
        if why := name_objection(name):
            draft.source.at_key(keys, f"AWS takes no tag `{name}`: {why}", _REMEDY, "bad-name")
        if why := value_objection(str(value)):
            draft.source.at_value(keys, f"AWS takes no tag of the value `{value}`: {why}", _REMEDY, "bad-name")
