"""What a run is given of the names of the files whose arrival starts it."""

from collections.abc import Mapping
from typing import Any

from platerunner_unit.contract.patterns import Pattern


def pattern_of(on_upload: str) -> Pattern | None:
    """The pattern of the keys that count; None if all do that begin as the text does.

    :param on_upload: ``s3://bucket/`` and a prefix or a pattern; one that ends with a slash has all that is below it.
    :raises platerunner_unit.contract.patterns.PatternError: if it is no pattern.
    """
    key = on_upload.removeprefix("s3://").partition("/")[2]
    if not {"{", "*"} & set(key):
        return None
    return Pattern.parse(f"{key}**" if key.endswith("/") else key)


def prefix_of(on_upload: str, pattern: Pattern | None) -> str:
    """What the addresses of all files begin with that count."""
    bucket, slash, key = on_upload.removeprefix("s3://").partition("/")
    return f"s3://{bucket}{slash}{key if pattern is None else pattern.literal_prefix}"


def as_params(values: Mapping[str, Any], declared: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The values of wildcards as the params of their names take them: text, a number, or a list of one.

    :param declared: the pipeline's params.
    """
    return {name: _as(value, declared[name]) for name, value in values.items()}


def takes(param: Mapping[str, Any]) -> bool:
    """Whether a param can have the value of a wildcard."""
    item = param.get("items", {"type": "string"}) if "array" in _types(param) else param
    return bool({"string", "integer", "number"} & _types(item))


def is_single(param: Mapping[str, Any]) -> bool:
    """Whether a param's value is one text or whole number, such as a plate."""
    return bool(_types(param)) and _types(param) <= {"string", "integer"}


def _as(value: Any, param: Mapping[str, Any]) -> Any:
    if "array" in _types(param):
        return [_as(value, param.get("items", {"type": "string"}))]
    return str(value) if "string" in _types(param) else _number(value)


def _number(value: Any) -> Any:
    """The value as a number; text that is no number stays, and the form refuses it."""
    try:
        return value if isinstance(value, int) else int(value)
    except ValueError:
        return value


def _types(param: Mapping[str, Any]) -> set[str]:
    types = param.get("type", "string")
    return {types} if isinstance(types, str) else set(types)
