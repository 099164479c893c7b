"""Asks roc-validator about an RO-Crate, without a network: `python validate_crate.py FOLDER` prints a line an issue.

It runs in an environment of its own, since roc-validator wants an older `rich` than the commands have.
"""

import json
import sys
from importlib.resources import files

from rocrate_validator import services
from rocrate_validator.models import Severity, ValidationSettings
from rocrate_validator.utils import document_loader

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
ASK_THE_NETWORK = ["ro-crate-1.1_3.1", "ro-crate-1.1_3.2"]
"""Checks that fetch the context only to see that it is there."""


def main(folder: str) -> None:
    context, fetch = _context(), document_loader._original_source_to_json

    def load(source, *args):
        return (context, None) if str(source) == CONTEXT else fetch(source, *args)

    document_loader._original_source_to_json = load
    settings = ValidationSettings(
        rocrate_uri=folder,
        profile_identifier="workflow-run-crate",
        requirement_severity=Severity.REQUIRED,
        skip_availability_check=True,
        skip_checks=ASK_THE_NETWORK,
    )
    result = services.validate(settings)
    for issue in result.get_issues():
        print(issue.check.identifier, issue.message)
    print(len(result.executed_checks), "checks")


def _context():
    """The context of 1.1, from the newer one that rocrate brings: the terms of Bioschemas have moved since."""
    text = (files("rocrate") / "data" / "ro-crate.jsonld").read_text()
    for name in ("input", "output"):
        text = text.replace(f"bioschemas.org/terms/{name}", f"bioschemas.org/ComputationalWorkflow#{name}")
    return json.loads(text.replace("bioschemas.org/terms/", "bioschemas.org/"))


main(sys.argv[1])
