"""Params, limits that agree, and templates: they stand only where the schema says, and read only what is there."""

import re
from typing import Any

from platerunner.catalog import quantities
from platerunner.documents.problems import suggest
from platerunner.documents.sentences import what_it_is, where
from platerunner.documents.shape import Node, Shape
from platerunner.documents.source import Keys
from platerunner.spec import templates
from platerunner.spec.draft import Data, Draft
from platerunner.spec.rules.schedule import given_by_schedule
from platerunner.spec.run_params import RUN_PARAMS
from platerunner_unit.contract.words import shorten

MAX_MATCHED = 5_000
"""Characters of a text that is compared with a pattern: time may grow with their square."""
_SIMPLER = (
    "Begin it with `^`, let no loop stand in a loop that reads the same text, such as `^[A-Z]+$` for `^([A-Z]+)+$`,"
    " or list the values under `enum`."
)


def check_header(draft: Draft) -> None:
    """A param's default, enum and pattern must agree."""
    for name, param in draft.data.get("params", {}).items():
        if name in RUN_PARAMS:
            message = f"`{name}` is a param that every pipeline has already"
            remedy = f"Call this one something else, such as `my_{name}`."
            draft.source.at_key(("params", name), message, remedy, "reserved-param")
        _check_default(draft, name, param)
        if not draft.is_doubtful("params", name) and _patterns_are_sound(draft, name, param):
            _check_values(draft, name, param)


def _check_default(draft: Draft, name: str, param: Data) -> None:
    """A param has a default, or has to be given by somebody who starts a run."""
    keys = ("params", name)
    if not param.get("required"):
        if "default" not in param and not draft.is_doubtful(*keys):
            remedy = "Add `default`: value if nobody sets another; or `required: true`."
            draft.source.at_key(keys, f"{where(keys)} has no `default`", remedy, "missing-key")
    elif "default" in param:
        message = f"`{name}` has a default, so that nobody has to give it"
        draft.source.at_key((*keys, "required"), message, "Delete `default` or `required`.", "two-answers")
    elif draft.data.get("schedule") is not None and name not in given_by_schedule(draft):
        message = f"`schedule` starts runs, and nobody gives them `{name}`"
        draft.source.at_key(
            (*keys, "required"), message, f"Give `{name}` a default, or delete `schedule`.", "two-answers"
        )


def _patterns_are_sound(draft: Draft, name: str, param: Data) -> bool:
    """Whether no text takes forever: neither the default, which is tried next, nor what a form sends."""
    sound = True
    for keys, schema in ((("params", name), param), (("params", name, "items"), param.get("items", {}))):
        if "pattern" not in schema:
            continue
        from platerunner.spec.regexes import why_slow  # which few specs need

        place = (*keys, "pattern")
        try:
            slow = why_slow(schema["pattern"])
        except (re.error, OverflowError, RecursionError) as error:
            message = f"{where(place)} is not a regular expression: {error}"
            draft.source.at_value(place, message, "Fix it, or leave `pattern` out.", "bad-regex")
            sound = False
        else:
            if slow:
                draft.source.at_value(place, f"{where(place)} is refused: {slow}", _SIMPLER, "slow-regex")
                sound = False
            elif "pattern" in schema and _longest(param.get("default")) > MAX_MATCHED:
                message = f"the default of `{name}` is too long to be compared with a pattern"
                remedy = f"Shorten it to {MAX_MATCHED:,} characters, or leave `pattern` out."
                draft.source.at_value(("params", name, "default"), message, remedy, "bad-default")
                sound = False
    return sound


def _longest(default: Any) -> int:
    """The length of a text, or of the longest in a list."""
    return max(
        (len(each) for each in (default if isinstance(default, list) else [default]) if isinstance(each, str)),
        default=0,
    )


def _check_values(draft: Draft, name: str, param: Data) -> None:
    rules = {key: value for key, value in param.items() if key not in {"format", "examples", "required"}}
    if "default" not in param or _is_sound(rules, param["default"]):
        return
    from jsonschema import Draft202012Validator  # slow to import, and most defaults are in order

    for error in Draft202012Validator(rules).iter_errors(param["default"]):
        shown = what_it_is(param["default"])
        message = f"the default of `{name}`, {shown}, breaks the param's own `{error.validator}`"
        remedy = f"Change the default, or `{error.validator}` ({shorten(str(error.validator_value))})."
        draft.source.at_value(("params", name, "default"), message, remedy, "bad-default")


def _is_sound(rules: Data, default: Any) -> bool:
    shape = Shape(rules)
    items = shape.items if isinstance(default, list) else None
    return shape.suits(default) and (items is None or all(map(items.suits, default)))


LONGEST_ON_FARGATE = "14 d"


def check_ranges(draft: Draft) -> None:
    """Note pairs of limits between which nothing lies, and times that Fargate cuts off."""
    for keys, value, node in draft.places:
        for low, high in node.get("x-ordered", ()) if isinstance(value, dict) else ():
            least, most = value.get(low), value.get(high)
            if _is_number(least) and _is_number(most) and least > most:
                message = f"no value fits {where(keys)}: `{low}` ({least}) is above `{high}` ({most})"
                draft.source.at_value((*keys, high), message, "Exchange the two, or correct one.", "out-of-range")
        if keys[-2:] == ("resources", "timeout") and isinstance(value, str) and not draft.is_doubtful(*keys):
            _check_timeout(draft, keys, value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_timeout(draft: Draft, keys: Keys, text: str) -> None:
    if quantities.duration(text) > quantities.duration(LONGEST_ON_FARGATE):
        message = f"on Fargate a job is ended after {LONGEST_ON_FARGATE}, whatever {where(keys)} says"
        remedy = "Let units do less, or run them on EC2 instances."
        draft.source.warn(draft.source.mark(keys).value, message, remedy, "out-of-range")


def check_templates(draft: Draft) -> None:
    """Note templates in the wrong place, that cannot be read, or that read unknown names."""
    for keys, value, schema in draft.places:
        if "x-template" in schema:
            _check_below(draft, keys, value, schema)
        elif templates.is_template(value) and keys[:1] != ("params",):
            message = f"{where(keys)} is taken as it is; no template is filled in here"
            remedy = "Templates work in `workspace`, `dataset.root`, `dataset.where`, `with` and `when`."
            draft.source.at_value(keys, message, remedy, "template-not-allowed")


def _check_below(draft: Draft, keys: Keys, value: object, schema: Node) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _check_below(draft, (*keys, key), item, schema)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_below(draft, (*keys, index), item, schema)
    elif isinstance(value, str) and (templates.is_template(value) or keys[-1] == "when"):
        _check_template(draft, keys, value, schema)


def _check_template(draft: Draft, keys: Keys, text: str, schema: Node) -> None:
    try:
        if keys[-1] == "when" and not templates.is_single_expression(text):
            remedy = "Write it like `{{ params.engine == 'cellprofiler' }}`."
            draft.source.at_value(keys, f"{where(keys)} is not one template expression", remedy, "bad-template")
            return
        if keys[-1] == "when" and templates.is_text(text):
            message, remedy = (
                f"{where(keys)} is text, not a condition",
                "Compare a param: `{{ params.engine == 'cellprofiler' }}`.",
            )
            draft.source.at_value(keys, message, remedy, "bad-template")
            return
        names = templates.names_in(text)
        templates.refuse_constants(text)
    except templates.TemplateProblem as problem:
        remedy = "Write an expression like `{{ params.wells }}`; see Jinja's documentation of templates."
        draft.source.at_value(keys, str(problem), remedy, "bad-template")
        return
    for path in sorted(names):
        _check_name(draft, keys, text, path, schema["x-template"])


def _check_name(draft: Draft, keys: Keys, text: str, path: tuple[str, ...], allowed: list[str]) -> None:
    params = draft.data.get("params", {})
    if path[0] not in allowed:
        message, remedy = f"no template here knows `{path[0]}`", suggest(path[0], allowed, "names")
        if path[0] in params:
            remedy = f"Did you mean `params.{path[0]}`?"
    elif path[0] == "params" and len(path) > 1 and path[1] not in params and not draft.is_doubtful("params"):
        if hasattr(dict, path[1]):
            return
        message, remedy = f"`params` has no `{path[1]}`", suggest(path[1], params, "params")
    else:
        return
    offset = max(0, text.find(path[-1]))
    draft.source.add(draft.source.inside(keys, offset), message, remedy, "unknown-name")
