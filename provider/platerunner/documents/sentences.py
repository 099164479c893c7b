"""What a JSON Schema validator found, in sentences with places and remedies."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from platerunner.documents.problems import nearest, suggest
from platerunner.documents.shape import Node
from platerunner.documents.source import Keys
from platerunner_unit.contract.words import shorten

_TYPE_WORDS = {
    "object": "keys with values",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
    "integer": "a whole number",
    "number": "a number",
}


class Error(Protocol):
    """What is used of ``jsonschema.ValidationError``; all of it is set once the error comes out of ``iter_errors``."""

    message: str
    validator: str
    validator_value: Any
    instance: Any
    schema: Node
    absolute_path: Iterable[str | int]


class Found(NamedTuple):
    """What is wrong at a value.

    :param at_key: whether the place is the value's key.
    """

    keys: Keys
    message: str
    remedy: str
    code: str
    at_key: bool = False


def explain(error: Error) -> Iterable[Found]:
    """Explain an error of the validator to the person who wrote the document."""
    return _SENTENCES.get(error.validator, _other)(error)


def where(keys: Keys) -> str:
    """A place for people: ``steps.illum_calc.foreach[0]``."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
    return f"`{text}`" if text else "the file"


def what_it_is(value: Any) -> str:
    """A value for people, cut short."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "keys with values"
    if isinstance(value, list):
        return "a list"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{shorten(text, 40)}`"


def _keys(error: Error) -> Keys:
    return tuple(error.absolute_path)


def _example(schema: Node) -> str:
    examples = schema.get("examples")
    return f" For example: `{_yaml(examples[0])}`." if examples else ""


def _yaml(value: Any) -> str:
    """A value as one would write it in YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_yaml(k)}: {_yaml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, str):
        return f'"{value}"' if not value or set(value) & set("{}[]*&!|>%@,#:'`") else value
    return (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else str(value)
    )


_NAMES = "Begin a name with a letter, go on with letters, digits and `_`, at most 64 in all."


def _unknown_key(error: Error) -> Iterable[Found]:
    keys, schema = _keys(error), error.schema
    known = [key for key in schema.get("properties", ()) if key not in error.instance]
    for key in error.instance:
        if _child_schema(schema, key) is not None:
            continue
        if schema.get("patternProperties") and not schema.get("properties"):
            message = f"`{key}` is not usable as a name in {where(keys)}"
            remedy = schema.get("x-names", _NAMES)
            yield Found((*keys, key), message, remedy, "bad-name", at_key=True)
        else:
            message = f"unknown key `{key}` in {where(keys)}"
            remedy = (
                _run_together(key, schema)
                or _in_the_key_above(error, key)
                or _elsewhere(key, schema)
                or _other_key(key, known)
            )
            yield Found((*keys, key), message, remedy, "unknown-key", at_key=True)


def _run_together(key: str, schema: Node) -> str | None:
    """The remedy for `key:value` without a blank, which YAML takes for a key."""
    name, colon, _ = key.partition(":")
    return f"Put a blank after `{name}:`." if colon and _child_schema(schema, name) is not None else None


def _in_the_key_above(error: Error, key: str) -> str | None:
    """The remedy for a key that is indented too little: the nearest key above it would take it.

    Where names are free, only keys with values below other ones are that likely to belong there.
    """
    above = list(error.instance)[: list(error.instance).index(key)]
    for name in reversed(above):
        alternatives = _alternatives(_child_schema(error.schema, name) or {})
        if any(key in each.get("properties", ()) for each in alternatives):
            return f"Indent it by two blanks more than `{name}` if it belongs to that; else delete it."
        free = any(_child_schema(each, key) is not None for each in alternatives if not each.get("properties"))
        if free and isinstance(error.instance[key], dict) and not nearest(key, error.schema.get("properties", ())):
            return f"Indent it by two blanks more than `{name}` if it belongs to that; else delete it."
    return None


def _elsewhere(key: str, schema: Node) -> str | None:
    """The remedy for another language's word, or for a key that belongs below one of this mapping's."""
    for words, remedy in schema.get("x-elsewhere", {}).items():
        if key in words.split():
            return str(remedy)
    for name, child in schema.get("properties", {}).items():
        for each in _alternatives(child):
            if key in each.get("properties", ()):
                return f"Write it below `{name}`: `{name}: {{{key}: ...}}`."
    return None


def _alternatives(schema: Node) -> list[Node]:
    return schema.get("oneOf") or schema.get("anyOf") or [schema]


def _child_schema(schema: Node, key: str) -> Node | None:
    """The schema of a mapping's key; None if it allows no such key."""
    if key in schema.get("properties", {}):
        return schema["properties"][key]  # type: ignore[no-any-return]
    for expression, child in schema.get("patternProperties", {}).items():
        if re.search(expression, key):
            return child  # type: ignore[no-any-return]
    extra = schema.get("additionalProperties")
    return extra if isinstance(extra, dict) else None


def _other_key(key: str, unused: list[str]) -> str:
    if nearest(key, unused) or not unused:
        return suggest(key, unused, "keys") if unused else "Delete it."
    return f"Delete it, or use one of the other keys: {', '.join(f'`{name}`' for name in unused)}."


def _missing_key(error: Error) -> Iterable[Found]:
    # One error per missing key comes from the validator; its message alone says which.
    key = next(k for k in error.validator_value if error.message.startswith(repr(k)))
    child = _child_schema(error.schema, key) or {}
    remedy = f"Add `{key}:`; {_description(child)}{_example(child)}"
    if "const" in child:
        remedy = f"Add `{key}: {_yaml(child['const'])}`."
    yield Found(_keys(error), f"{where(_keys(error))} has no `{key}`", remedy, "missing-key", at_key=True)


def _description(schema: Node) -> str:
    text = schema.get("description", "it is required.").split(". ")[0].rstrip(".")
    return f"{text[0].lower()}{text[1:]}." if text[:1].isalpha() and not text[1:2].isupper() else f"{text}."


def _wrong_type(error: Error) -> Iterable[Found]:
    types = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    words = " or ".join(_TYPE_WORDS[name] for name in types if name != "number" or "integer" not in types)
    found = ("the text " if _would_do(error.instance, types) else "") + what_it_is(error.instance)
    message = f"{where(_keys(error))} should be {words}, not {found}"
    yield Found(_keys(error), message, _like(error, words, types), "wrong-type")


def _would_do(value: Any, types: list[str]) -> bool:
    """Whether a text would have been right without quotes."""
    kinds = {"integer": r"-?\d+", "number": r"-?\d+(\.\d+)?", "boolean": "true|false"}
    return isinstance(value, str) and any(re.fullmatch(kinds.get(name, "(?!)"), value) for name in types)


def _like(error: Error, words: str, types: list[str]) -> str:
    if unquoted := in_quotes(error.instance):
        return unquoted
    if types == ["array"] and isinstance(error.instance, str) and not _of_keys(error.schema):
        return f"Write `[{_yaml(error.instance)}]`."
    examples = error.schema.get("examples")
    return f"Write it like `{_yaml(examples[0])}`." if examples else f"Write {words}."


def in_quotes(value: Any) -> str | None:
    """The remedy for a word in braces that lacks quotes, which YAML reads as a mapping; None for all else."""
    if isinstance(value, dict) and len(value) == 1 and list(value.values()) == [None]:
        return f'Put quotes around it: `"{{{next(iter(value))}}}"`.'
    return None


def _of_keys(schema: Node) -> bool:
    """Whether a list's items are keys with values, so that a word alone in brackets would be wrong again."""
    items = schema.get("items", {})
    return items.get("type") == "object" or "properties" in items or "$ref" in items


def _no_alternative(error: Error) -> Iterable[Found]:
    kinds = [a.get("type") for a in error.validator_value]
    words = " or ".join(dict.fromkeys(_TYPE_WORDS[k if isinstance(k, str) else "string"] for k in kinds if k))
    message = f"{where(_keys(error))} should be {words or 'something else'}, not {what_it_is(error.instance)}"
    yield Found(_keys(error), message, f"{_sentence(error.schema)}{_example(error.schema)}", "wrong-type")


def _sentence(schema: Node) -> str:
    return str(schema.get("description", "Check the value."))


def _not_listed(error: Error) -> Iterable[Found]:
    values = [_yaml(v) for v in error.validator_value]
    message = f"{where(_keys(error))} cannot be {what_it_is(error.instance)}"
    yield Found(_keys(error), message, suggest(str(error.instance), values, "values"), "not-allowed")


def _not_const(error: Error) -> Iterable[Found]:
    is_text = isinstance(error.instance, str) and error.instance == str(error.validator_value)
    message = f"{where(_keys(error))} is {'the text ' if is_text else ''}{what_it_is(error.instance)}"
    remedy = f"This Platerunner reads `{_yaml(error.validator_value)}`{', without quotes' if is_text else ''}."
    yield Found(_keys(error), message, remedy, "not-allowed")


def _bad_pattern(error: Error) -> Iterable[Found]:
    message = f"{what_it_is(error.instance)} is not usable as {where(_keys(error))}"
    yield Found(_keys(error), message, f"{_sentence(error.schema)}{_example(error.schema)}", "bad-name")


def _repeated(error: Error) -> Iterable[Found]:
    items = error.instance
    for index, item in enumerate(items):
        if item in items[:index]:
            message = f"{what_it_is(item)} is there twice in {where(_keys(error))}"
            yield Found((*_keys(error), index), message, "Delete one of the two.", "repeated")


def _bound(words: str) -> Callable[[Error], Iterable[Found]]:
    def sentence(error: Error) -> Iterable[Found]:
        limit = words.format(error.validator_value)
        message = f"{where(_keys(error))} should {limit}, not {what_it_is(error.instance)}"
        yield Found(_keys(error), message, f"{_sentence(error.schema)}{_example(error.schema)}", "out-of-range")

    return sentence


def _size(words: str) -> Callable[[Error], Iterable[Found]]:
    def sentence(error: Error) -> Iterable[Found]:
        plural = "" if error.validator_value == 1 else "s"
        message = f"{where(_keys(error))} should have {words.format(error.validator_value)}{plural}"
        yield Found(_keys(error), message, f"{_sentence(error.schema)}{_example(error.schema)}", "wrong-size")

    return sentence


def _other(error: Error) -> Iterable[Found]:
    yield Found(_keys(error), f"{where(_keys(error))}: {error.message}", _sentence(error.schema), "invalid")


_SENTENCES: Mapping[str, Callable[[Error], Iterable[Found]]] = {
    "additionalProperties": _unknown_key,
    "required": _missing_key,
    "type": _wrong_type,
    "oneOf": _no_alternative,
    "anyOf": _no_alternative,
    "enum": _not_listed,
    "const": _not_const,
    "pattern": _bad_pattern,
    "uniqueItems": _repeated,
    "minimum": _bound("be at least {}"),
    "maximum": _bound("be at most {}"),
    "exclusiveMinimum": _bound("be more than {}"),
    "exclusiveMaximum": _bound("be less than {}"),
    "minItems": _size("at least {} item"),
    "maxItems": _size("at most {} item"),
    "minProperties": _size("at least {} key"),
    "maxProperties": _size("at most {} key"),
    "minLength": _size("at least {} character"),
    "maxLength": _size("at most {} character"),
}
