"""The params that every pipeline has besides its own: what a run restricts, repeats or only shows."""

from collections.abc import Mapping
from typing import Any

_SECTION = "This run"
_PART = r"(\*|all|[A-Za-z][A-Za-z0-9_]*=[^/]+)?"
_PATTERN = rf"^\s*([A-Za-z][^\s=:/*]*|([A-Za-z][^\s=:/*]*:)?{_PART}(/{_PART})*)\s*$"
"""What a :class:`UnitPattern` of the engine reads, whatever steps and wildcards there are."""
_UNITS = {
    "type": ["array", "null"],
    "items": {"type": "string", "pattern": _PATTERN},
    "default": [],
    "section": _SECTION,
}
_SIZE = r"^\s*[0-9]+(\.[0-9]+)?\s*([KMGT]iB|[kKMGT]?B)\s*$"
_TIME = r"^\s*[0-9]+(\.[0-9]+)?\s*(s|min|h|d)\s*$"

RUN_PARAMS: Mapping[str, Mapping[str, Any]] = {
    "only": {
        **_UNITS,
        "title": "Only these units",
        "description": "One per line, e.g. `plate=P1/well=A*`, or `analysis:plate=P1` for one step; empty means all. "
        "Other units that are done count as done; others are left for a later run.",
    },
    "rerun": {
        **_UNITS,
        "title": "Run again",
        "description": "Units to run although they are done, e.g. `analysis:plate=P1/*`, `analysis`, or `well=A01`.",
    },
    "accept_failed": {
        **_UNITS,
        "title": "Leave out although they failed",
        "description": "Units that failed earlier and that `only` leaves out, e.g. `plate=P1/well=A02`. Those that are "
        "not named here make their step fail again.",
    },
    "resources": {
        "type": ["object", "null"],
        "default": None,
        "additionalProperties": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "vcpus": {"type": "number", "exclusiveMinimum": 0},
                **{name: {"type": "string", "pattern": _SIZE} for name in ("memory", "disk", "shared_memory", "swap")},
                **{name: {"type": "string", "pattern": _TIME} for name in ("timeout", "stall")},
                "capacity": {"enum": ["spot", "on_demand"]},
                "gpus": {"type": "integer", "minimum": 0},
                "pool": {"type": "string"},
            },
        },
        "section": _SECTION,
        "title": "Resources",
        "description": 'Per step, instead of the spec\'s: {"analysis": {"memory": "32 GiB", "capacity": "on_demand"}}.',
    },
    "dry_run": {
        "type": "boolean",
        "default": False,
        "section": _SECTION,
        "title": "Dry run",
        "description": "Plan every step and say what would run and why; no job, no question, nothing written.",
    },
}
"""Name to JSON Schema, as a spec's own params have it."""
