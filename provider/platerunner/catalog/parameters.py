"""Whether a value suits a module's parameter."""

from collections.abc import Iterator
from typing import Any

from platerunner.catalog.model import Parameter
from platerunner.documents.nodes import is_of_type

FILE_TYPES = frozenset({"file", "folder"})
WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "file": "the name of a file",
    "folder": "the name of a folder",
}


def json_type(type_: str) -> str:
    """The JSON type of a parameter's type: files and folders are text."""
    return "string" if type_ in FILE_TYPES else type_


def as_schema(parameter: Parameter) -> dict[str, Any]:
    """The parameter's type as a JSON Schema: where text is expected, scalars are taken as written."""
    schema: dict[str, Any] = {"type": json_type(parameter.type)}
    if parameter.items:
        schema["items"] = {"type": json_type(parameter.items)}
    return schema


def objection(parameter: Parameter, value: Any) -> str | None:
    """What is wrong with a value, as the end of a sentence that begins with the parameter's name.

    :param value: without templates.
    :returns: None if nothing is.
    """
    if not is_of_type(value, json_type(parameter.type)):
        return f"should be {WORDS[parameter.type]}"
    if any(True for _ in unfit_items(parameter, value)):
        assert parameter.items
        return f"should hold only {WORDS[parameter.items].removeprefix('a ')} items"
    if parameter.enum and value not in parameter.enum:
        return f"should be one of {', '.join(f'`{v}`' for v in parameter.enum)}"
    if parameter.minimum is not None and value < parameter.minimum:
        return f"should be at least {parameter.minimum:g}"
    return None


def unfit_items(parameter: Parameter, value: Any) -> Iterator[int]:
    """The indexes of a list's items that do not have the type that the parameter asks of them."""
    if parameter.items and isinstance(value, list):
        type_ = json_type(parameter.items)
        yield from (index for index, item in enumerate(value) if not is_of_type(item, type_))
