"""Steps: names that mean something else, overrides of something, gates to look at, and a split that holds."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import NamedTuple

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys
from platerunner.spec.draft import Data, Draft, readable, texts
from platerunner.spec.forms import parse_output
from platerunner.spec.rules.references import waits_for

REPORT_MODULE = "imaging.montage"
"""The module that makes a gate's contact sheet."""
RESERVED = {
    "dataset": "`dataset.<files>` names the raw files",
    "workspace": "`workspace` is where results are written",
}


def report_name(gate: str) -> str:
    """The name of the step that makes a gate's contact sheet."""
    return f"{gate}_report"


def check_names(draft: Draft) -> None:
    """Note steps whose name is taken: by the language, or by the report of a gate."""
    for name in draft.step_names:
        if name in RESERVED:
            message = f"no step can be called `{name}`: {RESERVED[name]}"
            draft.source.at_key(("steps", name), message, f"Call it `{name}_step`, for example.", "reserved-name")
    for gate, data in draft.gates.items():
        report = report_name(gate)
        if report in draft.step_names and data.get("show"):
            message = f"`{report}` is the name of the report that belongs to the gate `{gate}`"
            draft.source.at_key(("steps", report), message, "Rename this step or the gate.", "reserved-name")


_PICTURES = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".npy"})
"""What the module `imaging.montage` draws, by the end of a file's name."""
_ENDS = f"files that end in one of {', '.join(sorted(_PICTURES))}"
_TABLE = ".csv"


def check_checks(draft: Draft) -> None:
    """Warn of checks whose number no report has, so that their light would never shine."""
    known = draft.modules[REPORT_MODULE].numbers if REPORT_MODULE in draft.modules else ()
    ends = {name.rpartition(".")[2] for name in known}
    for gate, data in draft.gates.items():
        if (
            data.get("checks")
            and data.get("needs")
            and not data.get("show")
            and not draft.is_doubtful("steps", gate, "show")
        ):
            at = draft.source.mark(("steps", gate, "checks")).key
            message = f"the gate `{gate}` shows nothing, so that there is no report whose numbers could be checked"
            draft.source.warn(at, message, "Add `show:` with what to look at, or take `checks` out.", "unknown-number")
        # The numbers in a file are known only once it is written.
        told = any(_suffix(draft, text) in (".json", None) for text in data.get("show", {}).values())
        looked_at = known and not told and not draft.is_doubtful("steps", gate, "checks")
        for name in data.get("checks", {}) if looked_at else ():
            if name not in ends and not any(fnmatchcase(name, each) for each in known):
                keys = ("steps", gate, "checks", name)
                message = f"no report counts `{name}`, so that this check never shows a light"
                near = suggest(name.rpartition(".")[2], ends, "numbers")
                draft.source.warn(draft.source.mark(keys).key, message, near, "unknown-number")


def check_gates(draft: Draft) -> None:
    """Note gates whose contact sheet would be empty, so that their report fails."""
    for name, gate in draft.gates.items():
        shown = {key: _suffix(draft, text) for key, text in gate.get("show", {}).items()}
        if (
            draft.is_doubtful("steps", name)
            or not shown
            or None in shown.values()
            or _PICTURES & set(shown.values())
            or _asks_of_tables(gate, shown)
        ):
            continue
        keys = ("steps", name, "show", next(iter(shown)))
        if _TABLE in shown.values():
            message = f"the gate `{name}` shows tables alone, which make no picture unless they measure alignment"
            remedy = "Add `report: {columns: [Count_Nuclei]}` with the columns to look at, or show pictures."
            draft.source.warn(draft.source.mark(keys).value, message, remedy, "no-picture")
        else:
            message = f"the gate `{name}` shows no picture, so that its report fails"
            remedy = f"Show {_ENDS}, or tables (`.csv`) with `report: {{columns: [...]}}`."
            draft.source.at_value(keys, message, remedy, "no-picture")


def _suffix(draft: Draft, text: str) -> str | None:
    """The suffix of the files that are shown, in small letters; None if it is not known."""
    if parse_output(text):
        pattern = draft.referred(text)
        text = pattern.text if pattern is not None else ""
    suffix = PurePosixPath(text).suffix.lower()
    return None if not suffix or "{" in suffix or "*" in suffix else suffix


def _asks_of_tables(gate: Data, shown: dict[str, str | None]) -> bool:
    asked = gate.get("report", {})
    return _TABLE in shown.values() and bool(asked.get("columns") or "max_shift" in asked or "min_correlation" in asked)


class Sides(NamedTuple):
    """Ids of steps and gates.

    :param inside: those that every branch has for itself.
    :param gathering: those outside that come after branches.
    """

    inside: frozenset[str]
    gathering: frozenset[str]


def split_wildcard(draft: Draft) -> str | None:
    """The wildcard that a spec is split by; None if it is not."""
    written = draft.data.get("split")
    wildcard = written.get("by") if isinstance(written, dict) else written
    return wildcard if isinstance(wildcard, str) else None


def shown_wildcards(draft: Draft, gate: str) -> frozenset[str]:
    """The wildcards that all that a gate shows has."""
    shown = [item for item in draft.gates[gate].get("show", {}).values() if isinstance(item, str)]
    patterns = [draft.referred(text) if parse_output(text) else readable(text) for text in shown]
    sets = [frozenset(pattern.wildcards) if pattern else frozenset() for pattern in patterns]
    return frozenset[str]().union(*sets[:1]).intersection(*sets)


def sides(draft: Draft, wildcard: str) -> Sides:
    """Where each step and gate of a spec is.

    A step is in branches if the wildcard is in its ``foreach``; a gate if all that it shows has it. A gate that shows
    nothing is where the steps are that it waits for.

    :param wildcard: that the spec is split by.
    """
    followers = _followers(draft)
    bare = {name for name, gate in draft.gates.items() if not gate.get("show")}
    inside = {name for name, step in draft.steps.items() if wildcard in dict(texts(step.get("foreach"))).values()}
    inside |= {name for name in draft.gates if name not in bare and wildcard in shown_wildcards(draft, name)}
    after = _reached(inside, followers)
    gathering = after - inside - bare
    gathering |= _reached(gathering, followers) - inside
    return Sides(frozenset(inside | ((after & bare) - gathering)), frozenset(gathering))


def _followers(draft: Draft) -> Mapping[str, set[str]]:
    """Id of a step to those that wait for it."""
    members = defaultdict(list)
    for name, written in draft.origins.items():
        members[written].append(name)
    followers: dict[str, set[str]] = defaultdict(set)
    for name in draft.origins:
        for written, _ in waits_for(draft, name):
            for upstream in members[written]:
                followers[upstream].add(name)
    return followers


def _reached(starts: Iterable[str], followers: Mapping[str, set[str]]) -> set[str]:
    """Everything that comes after some steps."""
    found: set[str] = set()
    queue = deque(starts)
    while queue:
        for name in followers.get(queue.popleft(), set()) - found:
            found.add(name)
            queue.append(name)
    return found


def check_split(draft: Draft) -> None:
    """Note a wildcard that no file has, a split without steps, and steps that would be split again."""
    wildcard = split_wildcard(draft)
    if wildcard is None or not _is_known(draft, wildcard):
        return
    found = sides(draft, wildcard)
    if found.inside.isdisjoint(draft.steps) and not any(
        draft.is_doubtful("steps", name, "foreach") for name in draft.steps
    ):
        message = f"no step has `{wildcard}` in its `foreach`, so there is nothing to split"
        remedy = f"Delete `split`, or put `{wildcard}` into the `foreach` of the steps that are to flow on their own."
        draft.source.at_value(_place(draft), message, remedy, "idle-split")
    for name in sorted(found.inside, key=list(draft.origins).index):
        _check_order(draft, name, found, wildcard)
        if wildcard in draft.data["steps"][name].get("every", {}):
            message = f"`{name}` sees one {wildcard} at a time, so it cannot take every nth"
            remedy = f"Choose them for the whole pipeline: `where: {{{wildcard}: [...]}}` in the dataset."
            draft.source.at_key(("steps", name, "every", wildcard), message, remedy, "idle-split")


def _place(draft: Draft) -> Keys:
    return ("split", "by") if isinstance(draft.data["split"], dict) else ("split",)


def _is_known(draft: Draft, wildcard: str) -> bool:
    if any(pattern is None for pattern in draft.files.values()) or draft.is_doubtful("dataset") or not draft.files:
        return False  # what is wrong there comes first
    known = {name for pattern in draft.files.values() if pattern for name in pattern.wildcards}
    if wildcard not in known:
        remedy = suggest(wildcard, known, "wildcards of the files")
        draft.source.at_value(_place(draft), f"no file set has a wildcard `{{{wildcard}}}`", remedy, "unknown-wildcard")
    return wildcard in known


def _check_order(draft: Draft, name: str, found: Sides, wildcard: str) -> None:
    ids = {written: step for step, written in draft.origins.items() if step in found.gathering}
    for written, keys in waits_for(draft, name):
        if written in ids:
            message = f"`{name}` runs for each {wildcard} on its own, but waits for `{written}`, which comes after all"
            remedy = (
                f"{_inside(draft, ids[written], wildcard)}, or make what comes after `{written}` a pipeline of its own."
            )
            draft.source.at_value(keys, message, remedy, "split-again")


def _inside(draft: Draft, step: str, wildcard: str) -> str:
    if step in draft.gates:
        return f"Let all that `{step}` shows and needs have `{{{wildcard}}}`"
    return f"Put `{wildcard}` into the `foreach` of `{draft.origins[step]}`"


def check_overrides(draft: Draft) -> None:
    """Note overrides that hold always, and units that a step does not have."""
    for name, step in draft.steps.items():
        for index, override in enumerate(step.get("overrides", ())):
            if isinstance(override, dict):
                _check_override(draft, ("steps", name, "overrides", index), step, override)


def _check_override(draft: Draft, keys: Keys, step: Data, override: Data) -> None:
    if "when" not in override and "where" not in override and not draft.is_doubtful(*keys):
        remedy = "Add `when:` with a condition or `where:` with units, or write its settings into the step itself."
        draft.source.at_key(keys, "this override holds always", remedy, "idle-override")
    foreach = [wildcard for _, wildcard in texts(step.get("foreach"))]
    if draft.is_doubtful(*keys[:2], "foreach"):
        return
    for wildcard in override.get("where", {}):
        if wildcard not in foreach:
            message = f"units of this step have no `{{{wildcard}}}` of their own"
            remedy = suggest(wildcard, foreach, "wildcards of its `foreach`")
            draft.source.at_key((*keys, "where", wildcard), message, remedy, "unknown-wildcard")
