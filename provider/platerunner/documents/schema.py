"""A JSON Schema file, made ready: references resolved, validator built, and its extra keywords.

``x-text``: scalars are taken as written (as they are where the type is ``string``). ``x-template``: text is a Jinja
template over these names. ``x-quantity``: text is a quantity of this kind (see :mod:`platerunner.catalog.quantities`).
``x-names``: what names the keys of a mapping may have, as a sentence.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from platerunner.documents.source import Keys, Source

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Schema:
    """A schema in use.

    :param raw: as in the file.
    :param root: with every ``$ref`` replaced by what it stands for.
    :param validator: for ``root``.
    """

    raw: dict[str, Any]
    root: dict[str, Any]
    validator: Any


def load(package: str, name: str) -> Schema:
    """Read a schema that is shipped with a package.

    :param package: e.g. ``platerunner.spec``.
    :param name: file name in it.
    """
    raw = json.loads(files(package).joinpath(name).read_text("utf-8"))
    root = _inlined(raw, raw["$defs"])
    del root["$defs"]
    return Schema(raw, root, _Validator(root))


def part_of(schema: Schema, keys: Iterable[str]) -> Schema:
    """The schema of a document with only some of a schema's top-level keys, and nothing required at any depth."""
    properties = schema.root["properties"]
    root = {
        "$schema": schema.root["$schema"],
        "$id": f"{schema.root['$id']}:shared",
        "title": f"{schema.root['title']}: a part that pipelines share",
        "description": "What several pipelines have in common; each names this file in its `include`.",
        "type": "object",
        "additionalProperties": False,
        "properties": {key: _without_required(properties[key]) for key in keys},
    }
    return Schema(root, root, _Validator(root))


def _without_required(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_required(value) for key, value in node.items() if not _is_required(key, value)}
    return [_without_required(item) for item in node] if isinstance(node, list) else node


def _is_required(key: str, value: Any) -> bool:
    """Whether it is the keyword ``required``, not a property of that name."""
    return key == "required" and isinstance(value, list)


def _inlined(node: Any, definitions: Mapping[str, Any]) -> Any:
    """Resolving a reference at each visit would take most of the time of a validation."""
    if isinstance(node, dict):
        if "$ref" in node:
            meant = _inlined(definitions[node["$ref"].removeprefix("#/$defs/")], definitions)
            return {**meant, **{key: value for key, value in node.items() if key != "$ref"}}
        return {key: _inlined(value, definitions) for key, value in node.items()}
    return [_inlined(item, definitions) for item in node] if isinstance(node, list) else node


_OF_TYPE: dict[str, Callable[[Any], bool]] = {
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
    return any(_OF_TYPE[name](value) for name in ([types] if isinstance(types, str) else types))


def branch(schema: Node, value: Any) -> Node:
    """The alternative of ``anyOf`` or ``oneOf`` that a value was meant for; the schema itself if it has none."""
    alternatives: list[Node] = schema.get("oneOf") or schema.get("anyOf") or []
    return alternatives[branch_index(alternatives, value)] if alternatives else schema


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
    return sum(key in value for key in schema.get("required", ())), sum(
        key in value for key in schema.get("properties", ())
    )


def _as_meant(validator: Any, alternatives: list[Node], value: Any, _schema: Node) -> Iterator[ValidationError]:
    """Errors of the alternative that was meant; the plain keyword says only that none fits, after trying them all."""
    index = branch_index(alternatives, value)
    errors = list(validator.descend(value, alternatives[index], schema_path=index))
    if any(error.validator == "type" and not error.path for error in errors):
        yield ValidationError("no alternative fits")
    else:
        yield from errors


_extend: Any = extend  # the library gives it no types
_Validator = _extend(Draft202012Validator, {"anyOf": _as_meant, "oneOf": _as_meant})


def places(schema: Node, value: Any) -> Iterator[tuple[Keys, Any, Node]]:
    """Every value of a document with its schema, where the schema knows it.

    :param schema: of the document's root.
    """
    waiting: list[tuple[Keys, Any, Node]] = [((), value, schema)]
    while waiting:
        keys, item, node = waiting.pop()
        node = branch(node, item)
        yield keys, item, node
        if isinstance(item, dict):
            known = ((key, child_schema(node, key)) for key in item)
            waiting.extend(((*keys, key), item[key], child) for key, child in known if child is not None)
        elif isinstance(item, list) and "items" in node:
            waiting.extend(((*keys, index), entry, node["items"]) for index, entry in enumerate(item))


def child_schema(schema: Node, key: str) -> Node | None:
    """The schema of a mapping's key; None if it allows no such key."""
    if key in schema.get("properties", {}):
        return schema["properties"][key]  # type: ignore[no-any-return]
    for expression, child in schema.get("patternProperties", {}).items():
        if re.search(expression, key):
            return child  # type: ignore[no-any-return]
    extra = schema.get("additionalProperties")
    return extra if isinstance(extra, dict) else None


def take_text_as_written(source: Source, schema: Node, value: Any, keys: Keys = ()) -> Any:
    """The value with every plain number or boolean that stands where text belongs as its raw text.

    :param keys: where ``value`` stands.
    """
    schema = branch(schema, _as_branch_sees(schema, value))
    if isinstance(value, dict):
        for key, item in value.items():
            child = child_schema(schema, key)
            if child is not None:
                value[key] = take_text_as_written(source, child, item, (*keys, key))
    elif isinstance(value, list) and "items" in schema:
        value[:] = [take_text_as_written(source, schema["items"], item, (*keys, i)) for i, item in enumerate(value)]
    elif _wants_text(schema, value):
        return source.mark(keys).text
    return value


def _as_branch_sees(schema: Node, value: Any) -> Any:
    """Where only text is a scalar, as in a pattern or a mapping, a number is text."""
    alternatives = schema.get("anyOf", ())
    scalar = isinstance(value, (int, float)) and not any(is_of_type(value, a.get("type", [])) for a in alternatives)
    return "" if scalar else value


def _wants_text(schema: Node, value: Any) -> bool:
    if not isinstance(value, (int, float)):
        return False
    types = schema.get("type", ())
    return "x-text" in schema or ("string" in types and not is_of_type(value, types))
