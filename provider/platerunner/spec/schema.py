"""The language as a JSON Schema: the one source of truth for validator, editor, reference and trigger form."""

from functools import cache
from typing import Any

from platerunner.documents.schema import Schema, load


@cache
def pipeline_schema() -> Schema:
    """The schema, ready for use."""
    return load("platerunner.spec", "pipeline.schema.json")


def schema() -> dict[str, Any]:
    """The schema as in its file, for editors and for ``platerunner schema``."""
    return pipeline_schema().raw
