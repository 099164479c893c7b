"""`platerunner schema`: the JSON Schema of specs."""

import json
import sys
from typing import Annotated

import typer

from platerunner.catalog.loader import catalog_schema
from platerunner.spec.schema import schema as load_schema
from platerunner.spec.schema import shared_schema


def schema(
    *,
    shared: Annotated[bool, typer.Option("--shared", help="That of parts that specs include.")] = False,
    catalog: Annotated[
        bool, typer.Option("--catalog", help="That of catalog files, with modules of your own.")
    ] = False,
) -> None:
    """Print the JSON Schema of specs, for editors and other tools."""
    raw = catalog_schema().raw if catalog else shared_schema().raw if shared else load_schema()
    sys.stdout.write(json.dumps(raw, indent=2) + "\n")
