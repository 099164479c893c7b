"""One walk through a document along its schema."""

from dataclasses import dataclass, field
from typing import Any

from platerunner.documents.nodes import Node
from platerunner.documents.shape import Shape
from platerunner.documents.source import Keys, Source

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
    """Walk through a value.

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
