"""`platerunner schema`: the JSON Schema of specs."""

import json
import sys

from platerunner.spec.schema import schema as load_schema


def schema() -> None:
    """Print the JSON Schema of specs, for editors and other tools."""
    sys.stdout.write(json.dumps(load_schema(), indent=2) + "\n")
