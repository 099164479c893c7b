"""What differs between what a unit was made of and what it would be made of now, as clauses for people."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Any

from platerunner_unit.contract.manifest import InputFile, UnitTask
from platerunner_unit.contract.outcome import Outcome, inputs_as_kept
from platerunner_unit.contract.unit_keys import is_marker, shown_key

MOST = 5
"""Files of one input that are named; more are counted."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def changes(
    before: Mapping[str, Any], now: Mapping[str, Any], renamed: Mapping[str, Sequence[str]] = _NOTHING
) -> list[str]:
    """The differences, most telling first; empty if there are none.

    :param before: :attr:`platerunner_unit.contract.outcome.Outcome.ingredients` of an attempt; a file whose content it
        has was compared with the file that is there now, and has another one if its ETag differs.
    :param now: the same of what would run: :func:`ingredients_now`.
    :param renamed: input name to the wildcards whose values count beside the keys: of others no change is a cause.
    """
    before, now = _plain(before), _plain(now)
    return [
        *_image(before, now),
        *_params(before.get("with") or _NOTHING, now.get("with") or _NOTHING),
        *_tool_files(before.get("files") or _NOTHING, now.get("files") or _NOTHING),
        *_command(before.get("argv") or [], now.get("argv") or []),
        *(f"the {word} changed" for key, word in _WHOLE.items() if before.get(key) != now.get(key)),
        *_inputs(before, now, renamed),
    ]


_WHOLE = {
    "tool": "tool",
    "load_data": "mapping to LoadData's columns",
    "planes": "naming of planes",
    "leave_out": "limit of `leave_out`",
}


def ingredients_now(step: Mapping[str, Any], inputs: Mapping[str, Sequence[InputFile]]) -> dict[str, Any]:
    """What a unit would be made of, in the form in which outcomes keep it.

    :param step: :func:`platerunner.engine.planning.units.fingerprint.step_ingredients`.
    :param inputs: the unit's.
    """
    return {**step, "inputs": inputs_as_kept(inputs)}


def moved_outputs(before: Outcome, task: UnitTask) -> list[str]:
    """Outputs that would be written elsewhere than they were, of the same files: the pattern is another."""
    if _places(before.ingredients.get("inputs") or _NOTHING) != _places(inputs_as_kept(task.inputs)):
        return []
    was = {record.key for record in before.outputs}
    will = {file.key for files in task.outputs.values() for file in files}
    if not will or will <= was:
        return []
    return [f"output {shown_key(key)} would be new" for key in sorted(will - was)[:MOST]]


def _places(inputs: Mapping[str, Sequence[Sequence[Any]]]) -> dict[str, set[tuple[str, str]]]:
    """Root and key of each input's files."""
    return {name: {(file[0], file[1]) for file in files} for name, files in inputs.items()}


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """As it comes out of JSON, so that tuples and lists are the same, and mappings to LoadData are lists of pairs."""
    plain: dict[str, Any] = json.loads(json.dumps(value, default=str))
    mapping = plain.get("load_data")
    if mapping:
        plain["load_data"] = {
            name: [list(pair) for pair in pairs.items()] if isinstance(pairs, dict) else pairs
            for name, pairs in mapping.items()
        }
    return plain


def _image(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    was, is_now = before.get("image"), now.get("image")
    if was != is_now:
        yield f"image {was} → {is_now}"


def _command(before: list[str], now: list[str]) -> Iterator[str]:
    if before != now:
        yield f"command `{shlex.join(before)}` → `{shlex.join(now)}`"


def _params(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*before, *now}):
        if name not in before:
            yield f"parameter `{name}` is new: {_text(now[name])}"
        elif name not in now:
            yield f"parameter `{name}` is gone; it was {_text(before[name])}"
        elif before[name] != now[name]:
            yield f"parameter `{name}` {_text(before[name])} → {_text(now[name])}"


def _tool_files(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for param in sorted({*before, *now}):
        was, is_now = before.get(param) or _NOTHING, now.get(param) or _NOTHING
        for name in sorted({*was, *is_now}):
            if was.get(name) != is_now.get(name):
                word = "is new" if name not in was else "is gone" if name not in is_now else "has other content"
                yield f"file {name} of `{param}` {word}"


def _inputs(before: Mapping[str, Any], now: Mapping[str, Any], renamed: Mapping[str, Sequence[str]]) -> Iterator[str]:
    was, is_now = before.get("inputs") or _NOTHING, now.get("inputs") or _NOTHING
    compared = {(root, key) for root, keys in (before.get("contents") or _NOTHING).items() for key in keys}
    for name in sorted({*was, *is_now}):
        found = list(_files(was.get(name) or [], is_now.get(name) or [], renamed.get(name, ()), compared))
        yield from (f"input `{name}`: {clause}" for clause in found[:MOST])
        if len(found) > MOST:
            yield f"input `{name}`: and {len(found) - MOST:,} more files"


def _files(
    before: list[list[Any]], now: list[list[Any]], renamed: Sequence[str], compared: Set[tuple[str, str]]
) -> Iterator[str]:
    was, is_now = _by_place(before), _by_place(now)
    for place in sorted({*was, *is_now}):
        key = shown_key(place[1])
        if place not in was:
            yield f"{key} is new"
        elif place not in is_now:
            yield f"{key} is no input any more"
        elif was[place][:2] != is_now[place][:2]:
            grown = _grown(was[place][0], is_now[place][0], compared=place in compared)
            yield f"{key} holds other files" if is_marker(place[1]) else f"{key} {grown}"
        else:
            yield from _called(key, was[place][2], is_now[place][2], renamed)
    if list(was) != list(is_now) and sorted(was) == sorted(is_now):
        yield "the order of its files changed"


def _by_place(files: list[list[Any]]) -> dict[tuple[str, str], tuple[int, str, Mapping[str, str] | None]]:
    """Root and key to size, ETag and the file's names; None where an older version recorded none."""
    return {(file[0], file[1]): (file[2], file[3], file[4] if len(file) > 4 else None) for file in files}


def _called(
    key: str, before: Mapping[str, str] | None, now: Mapping[str, str] | None, renamed: Sequence[str]
) -> Iterator[str]:
    """What a corrected `rename` changes."""
    if before is None or now is None:
        return
    for name in renamed:
        if before.get(name) != now.get(name):
            was, is_now = (names.get(name, "what its name says") for names in (before, now))
            yield f"{key} goes by another {name}: {was} → {is_now}"


def _grown(was: int, is_now: int, *, compared: bool) -> str:
    """What is known of a file whose size or ETag differs: an ETag alone does not tell that the content does."""
    if was != is_now:
        return f"changed ({was:,} → {is_now:,} bytes)"
    return f"has other content ({is_now:,} bytes still)" if compared else f"was written again ({is_now:,} bytes still)"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
