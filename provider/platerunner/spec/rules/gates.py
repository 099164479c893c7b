"""Gates: a person has something to look at."""

from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from platerunner.documents.problems import suggest
from platerunner.spec.draft import Data, Draft
from platerunner.spec.rules.names import REPORT_MODULE
from platerunner.spec.targets import parse_output

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
        for name in data.get("checks", {}) if known and not draft.is_doubtful("steps", gate, "checks") else ():
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
    """The end of the names of what is shown, in small letters; None if it cannot be told."""
    if parse_output(text):
        pattern = draft.referred(text)
        text = pattern.text if pattern is not None else ""
    suffix = PurePosixPath(text).suffix.lower()
    return None if not suffix or "{" in suffix or "*" in suffix else suffix


def _asks_of_tables(gate: Data, shown: dict[str, str | None]) -> bool:
    asked = gate.get("report", {})
    return _TABLE in shown.values() and bool(asked.get("columns") or "max_shift" in asked or "min_correlation" in asked)
