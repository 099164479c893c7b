"""A JSON Schema file, made ready: references resolved, and its extra keywords.

``x-text``: scalars are taken as written (as they are where the type is ``string``). ``x-template``: text is a Jinja
template over these names. ``x-quantity``: text is a quantity of this kind (see :mod:`platerunner.catalog.quantities`),
from ``x-least`` to ``x-most``, or one of ``x-words``. ``x-ordered``: pairs of keys of which the first must not be the
larger one.
``x-names``: what names the keys of a mapping may have, as a sentence.
``x-elsewhere``: words that people write here by the habit of other languages, and where ours stand, as a sentence.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib.resources import files
from typing import Any, NamedTuple

from platerunner.documents.sentences import explain
from platerunner.documents.shape import Place, Shape, walk
from platerunner.documents.source import Keys, Source


class Schema:
    """A schema in use.

    :param raw: as in the file.
    :param root: with every ``$ref`` replaced by what it stands for.
    """

    def __init__(self, raw: dict[str, Any], root: dict[str, Any]) -> None:
        self.raw = raw
        self.root = root
        self.shape = Shape(root)

    @cached_property
    def validator(self) -> Any:
        """Finds and explains everything that is wrong; most documents are right, and this is slow to import."""
        from platerunner.documents.validator import validator_of

        return validator_of(self.root)


class Faults(NamedTuple):
    """Where a document does not fit its schema.

    :param bad: places of the values that cannot be used.
    :param lacking: those of the mappings and lists that lack something.
    """

    bad: set[Keys]
    lacking: set[Keys]


def check(source: Source, schema: Schema) -> list[Place]:
    """Take text as written, and note every problem that a schema finds in a document.

    :returns: every value whose schema is known, with its place.
    """
    walked = walk(source, schema.shape, source.data)
    if not walked.is_sound:
        note_faults(source, schema)
    return walked.places


def note_faults(source: Source, schema: Schema) -> Faults:
    """Note what the validator finds in a document that is not sound; that may still be nothing."""
    faults = Faults(set(), set())
    for error in schema.validator.iter_errors(source.data):
        for found in explain(error):
            note = source.at_key if found.at_key else source.at_value
            note(found.keys, found.message, found.remedy, found.code)
            incomplete = found.code in {"missing-key", "wrong-size"} and isinstance(error.instance, (dict, list))
            (faults.lacking if incomplete else faults.bad).add(found.keys)
    return faults


def load(package: str, name: str) -> Schema:
    """Read a schema that is shipped with a package.

    :param package: e.g. ``platerunner.spec``.
    :param name: file name in it.
    """
    raw = json.loads(files(package).joinpath(name).read_text("utf-8"))
    root = _inlined(raw, raw["$defs"])
    del root["$defs"]
    return Schema(raw, root)


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
    return Schema(root, root)


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
