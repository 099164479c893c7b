"""A JSON Schema prepared for looking at many values, and the walk along it through a document.

A look at a value tells only whether it is surely right. If not, the validator decides and explains. To run it on every
document would take most of the time that a spec takes to load.
"""

import re
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field
from functools import cached_property
from operator import ge, gt, le, lt
from typing import Any

from platerunner.documents.source import Keys, Source

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
Look = Callable[[Any], bool]


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


class Shape:
    """A schema for one value, whose parts are prepared when they are first needed.

    :param node: a schema without references; nobody changes it.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.is_text = "x-text" in node
        self.types: str | list[str] = node.get("type", [])

    @cached_property
    def alternatives(self) -> tuple["Shape", ...]:
        """The shapes that ``anyOf`` or ``oneOf`` lists."""
        return tuple(Shape(node) for node in self.node.get("oneOf") or self.node.get("anyOf") or ())

    @cached_property
    def _branches(self) -> list[Node]:
        return [shape.node for shape in self.alternatives]

    def admits(self, value: Any) -> bool:
        """Whether a value has one of the types."""
        return is_of_type(value, self.types)

    def meant(self, value: Any) -> "Shape":
        """The alternative that a value was meant for; the shape itself if it has none."""
        found = self.alternatives
        return found[branch_index(self._branches, value)] if found else self

    def child(self, key: str) -> "Shape | None":
        """The shape of a mapping's key; None if the schema does not mention it."""
        if key in self._properties:
            return self._properties[key]
        return next((shape for expression, shape in self._patterns if expression.search(key)), self._extra)

    @cached_property
    def items(self) -> "Shape | None":
        """The shape of a list's items."""
        return Shape(self.node["items"]) if "items" in self.node else None

    @cached_property
    def is_closed(self) -> bool:
        """Whether a mapping may have no other keys."""
        return self.node.get("additionalProperties") is False

    @cached_property
    def suits(self) -> Look:
        """Whether a value is surely right, without its children, which have shapes of their own."""
        match self._looks:
            case ():
                return lambda _: True
            case (look,):
                return look
            case (first, second):
                return lambda value: first(value) and second(value)
            case looks:
                return lambda value: all(look(value) for look in looks)

    @cached_property
    def _properties(self) -> Mapping[str, "Shape"]:
        return {key: Shape(node) for key, node in self.node.get("properties", {}).items()}

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], "Shape"], ...]:
        patterns = self.node.get("patternProperties", {})
        return tuple((re.compile(expression), Shape(node)) for expression, node in patterns.items())

    @cached_property
    def _extra(self) -> "Shape | None":
        extra = self.node.get("additionalProperties")
        return Shape(extra) if isinstance(extra, dict) else None

    @property
    def _looks(self) -> tuple[Look, ...]:
        said = (key for key in self.node if key not in _NO_LOOK and not key.startswith("x-"))
        return tuple(_LOOKS[key](self.node[key]) if key in _LOOKS else _doubt for key in said)


_NO_LOOK = frozenset(
    {"$schema", "$id", "title", "description", "default", "examples"}
    | {"properties", "patternProperties", "additionalProperties", "items", "anyOf", "oneOf"}
)
"""Keywords that do not check the value itself: descriptions, or checks of what it contains."""


def _doubt(_value: Any) -> bool:
    return False


def _type(types: str | list[str]) -> Look:
    return OF_TYPE[types] if isinstance(types, str) else lambda value: is_of_type(value, types)


def _listed(values: list[Any]) -> Look:
    return lambda value: any(value == known and type(value) is type(known) for known in values)


def _pattern(expression: str) -> Look:
    search = re.compile(expression).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _required(names: list[str]) -> Look:
    return lambda value: not isinstance(value, dict) or all(name in value for name in names)


def _number(holds: Callable[[float, float], bool]) -> Callable[[float], Look]:
    return lambda limit: lambda value: not isinstance(value, (int, float)) or holds(value, limit)


def _size(of: type[Sized], holds: Callable[[int, int], bool]) -> Callable[[int], Look]:
    return lambda limit: lambda value: not isinstance(value, of) or holds(len(value), limit)


def _unique(_: object) -> Look:
    return lambda value: not isinstance(value, list) or _differ(value)


def _differ(items: list[Any]) -> bool:
    return all(isinstance(item, str) for item in items) and len(set(items)) == len(items)


_LOOKS: Mapping[str, Callable[[Any], Look]] = {
    "type": _type,
    "enum": _listed,
    "const": lambda value: _listed([value]),
    "pattern": _pattern,
    "required": _required,
    "uniqueItems": _unique,
    "minimum": _number(ge),
    "maximum": _number(le),
    "exclusiveMinimum": _number(gt),
    "exclusiveMaximum": _number(lt),
    "minItems": _size(list, ge),
    "maxItems": _size(list, le),
    "minProperties": _size(dict, ge),
    "maxProperties": _size(dict, le),
    "minLength": _size(str, ge),
    "maxLength": _size(str, le),
}


Place = tuple[Keys, Any, Node]
"""Where a value stands, the value, and its schema."""


@dataclass(slots=True)
class Walk:
    """What a walk through a document found.

    :param value: with every plain number or boolean that stands where text belongs as its raw text.
    :param places: of every value whose schema is known.
    :param is_sound: whether nothing is wrong; else the validator has to be asked, and may still find nothing.
    """

    value: Any = None
    places: list[Place] = field(default_factory=list)
    is_sound: bool = True


def walk(source: Source, shape: Shape, value: Any, keys: Keys = ()) -> Walk:
    """Walk through a value, take text as written, and tell whether all of it is surely right.

    :param source: has the raw text.
    :param shape: of the value.
    :param value: mappings and lists are changed in place.
    :param keys: where the value stands.
    """
    found = Walk()
    found.value = _take(found, source, shape, value, keys)
    return found


def _take(found: Walk, source: Source, shape: Shape, value: Any, keys: Keys) -> Any:
    if isinstance(value, (int, float)) and _wants_text(shape, value):
        value = source.mark(keys).text
    shape = _look(found, shape, value, keys)
    if isinstance(value, dict):
        for key, item in value.items():
            child = shape.child(key)
            if child is not None:
                value[key] = _take(found, source, child, item, (*keys, key))
            elif shape.is_closed:
                found.is_sound = False
    elif isinstance(value, list) and shape.items is not None:
        value[:] = [_take(found, source, shape.items, item, (*keys, index)) for index, item in enumerate(value)]
    return value


def _look(found: Walk, shape: Shape, value: Any, keys: Keys) -> Shape:
    """The shape that was meant, with its place and the value's own soundness noted."""
    if found.is_sound and shape.alternatives:
        found.is_sound = shape.suits(value)
    shape = shape.meant(value)
    found.places.append((keys, value, shape.node))
    if found.is_sound:
        found.is_sound = shape.suits(value)
    return shape


def _wants_text(shape: Shape, value: Any) -> bool:
    # Where only text is a scalar, as in a pattern or a mapping, a number is text.
    known = not shape.alternatives or any(each.admits(value) for each in shape.alternatives)
    meant = shape.meant(value if known else "")
    return meant.is_text or ("string" in meant.types and not meant.admits(value))
