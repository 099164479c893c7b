"""One walk through a document along its schema, which tells a sound document from one that needs explaining."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from platerunner.documents.schema import Schema
from platerunner.documents.sentences import explain
from platerunner.documents.shape import Node, Shape
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


class Checked(NamedTuple):
    """What a schema says of a document.

    :param bad: places of the values that cannot be used.
    :param lacking: those of the mappings and lists that lack something.
    :param places: of every value whose schema is known.
    """

    bad: set[Keys]
    lacking: set[Keys]
    places: list[Place]


def check(source: Source, schema: Schema) -> Checked:
    """Take text as written, and note every problem that a schema finds in a document."""
    walked = walk(source, schema.shape, source.data)
    bad: set[Keys] = set()
    lacking: set[Keys] = set()
    for error in () if walked.is_sound else schema.validator.iter_errors(source.data):
        for found in explain(error):
            note = source.at_key if found.at_key else source.at_value
            note(found.keys, found.message, found.remedy, found.code)
            incomplete = found.code in {"missing-key", "wrong-size"} and isinstance(error.instance, (dict, list))
            (lacking if incomplete else bad).add(found.keys)
    return Checked(bad, lacking, walked.places)


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
