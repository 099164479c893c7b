"""What a part of a JSON Schema says, read from the part itself."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Node = Mapping[str, Any]
"""A schema, or a part of one that is itself a schema."""

OF_TYPE: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
}


def is_of_type(value: Any, types: str | list[str]) -> bool:
    """Whether a value has one of the JSON types."""
    if isinstance(types, str):
        return OF_TYPE[types](value)
    return any(OF_TYPE[name](value) for name in types)


def branch_index(alternatives: list[Node], value: Any) -> int:
    """The index of the alternative that a value was meant for.

    :returns: of a mapping the one with most of its keys, required ones first; else the first whose type fits, or 0.
    """
    if isinstance(value, dict):
        fitting = [i for i, item in enumerate(alternatives) if item.get("type") == "object"]
        return max(fitting, key=lambda i: _shared_keys(alternatives[i], value), default=0)
    typed = (i for i, item in enumerate(alternatives) if is_of_type(value, item.get("type", ())))
    return next(typed, 0)


def _shared_keys(schema: Node, value: Mapping[str, Any]) -> tuple[int, int]:
    return sum(key in value for key in schema.get("required", ())), len(
        value.keys() & schema.get("properties", {}).keys()
    )


def child_schema(schema: Node, key: str) -> Node | None:
    """The schema of a mapping's key; None if it allows no such key."""
    if key in schema.get("properties", {}):
        return schema["properties"][key]  # type: ignore[no-any-return]
    for expression, child in schema.get("patternProperties", {}).items():
        if re.search(expression, key):
            return child  # type: ignore[no-any-return]
    extra = schema.get("additionalProperties")
    return extra if isinstance(extra, dict) else None
