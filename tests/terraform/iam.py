"""Would a role's policies allow a call? As much of IAM's evaluation as our policies use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

Statement = Mapping[str, Any]


OPTIONS = Path(__file__).parents[2] / "terraform/modules/stack/fast_storage.tf"
"""What Airflow may do besides, where an environment switches it on; none does by itself."""


def granted_by_options() -> set[str]:
    """The actions that Airflow's role has where everything is switched on."""
    return set(re.findall(r'"([a-z0-9]+:[A-Z][A-Za-z]+)"', OPTIONS.read_text()))


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed(
    statements: Iterable[Statement], action: str, resource: str, context: Mapping[str, str] | None = None
) -> bool:
    """Whether something allows it and nothing denies it.

    :param context: condition keys to values, as AWS would set them.
    """
    matching = [each["Effect"] for each in statements if _matches(each, action, resource, context or {})]
    return "Allow" in matching and "Deny" not in matching


def _matches(statement: Statement, action: str, resource: str, context: Mapping[str, str]) -> bool:
    return (
        any(fnmatchcase(action.lower(), pattern.lower()) for pattern in many(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in many(statement["Resource"]))
        and all(
            _holds(operator, context.get(key), many(values))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": fnmatchcase,
    "ArnEquals": fnmatchcase,
    "ArnLike": fnmatchcase,
    "Bool": lambda given, wanted: given.lower() == wanted.lower(),
}


def _holds(operator: str, given: str | None, wanted: list[str]) -> bool:
    if operator == "Null":
        return wanted == [str(given is None).lower()]
    if given is None:
        return operator.endswith("IfExists")
    test = _TESTS[operator.removesuffix("IfExists")]
    return any(test(given, each) for each in wanted)
