"""The validator of a schema: jsonschema's, which for alternatives reports errors of the one that was meant."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from platerunner.documents.shape import Node, branch_index


def validator_of(root: Mapping[str, Any]) -> Any:
    """A validator.

    :param root: a schema without references.
    """
    return _Validator(root)


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
