"""The language as a JSON Schema: the one source of truth for validator, editor, reference and trigger form."""

from functools import cache
from typing import Any

from platerunner.documents.schema import Schema, load, part_of

SHARED_KEYS = ("owner", "tags", "cost_tags", "notify", "workspace", "params", "dataset", "defaults")
"""What specs may share: all but what makes a pipeline one of its own."""


@cache
def pipeline_schema() -> Schema:
    """The schema, ready for use."""
    return load("platerunner.spec", "pipeline.schema.json")


@cache
def shared_schema() -> Schema:
    """The schema of parts that specs include: nothing is required there."""
    return part_of(pipeline_schema(), SHARED_KEYS)


def schema() -> dict[str, Any]:
    """The schema as in its file, for editors and for ``platerunner schema``."""
    return pipeline_schema().raw
