"""`platerunner schema`: the JSON Schema of specs."""

import json
import sys
from typing import Annotated

import typer

from platerunner.spec.schema import schema as load_schema
from platerunner.spec.schema import shared_schema


def schema(
    *, shared: Annotated[bool, typer.Option("--shared", help="That of parts that specs include.")] = False
) -> None:
    """Print the JSON Schema of specs, for editors and other tools."""
    sys.stdout.write(json.dumps(shared_schema().raw if shared else load_schema(), indent=2) + "\n")
