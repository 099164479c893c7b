"""The report of an acceptance: one page for people, one JSON file for machines."""

import json
from importlib.resources import files
from itertools import groupby
from pathlib import Path

import jinja2
from markupsafe import Markup

from platerunner.cli.acceptance.findings import Acceptance

PAGE, DATA = "acceptance.html", "acceptance.json"


def write_report(acceptance: Acceptance, folder: Path) -> Path:
    """Write both; the page needs no other file.

    :returns: the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DATA).write_text(json.dumps(acceptance.to_json(), indent=1) + "\n")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["coded"] = _coded
    template = environment.from_string((files(__package__) / "report.html").read_text())
    acts = [(act, list(found)) for act, found in groupby(acceptance.findings, lambda finding: finding.act)]
    given = {"place": acceptance.place, "facts": acceptance.facts, "sentence": acceptance.sentence, "acts": acts}
    page = folder / PAGE
    page.write_text(template.render(given))
    return page


def _coded(text: str) -> Markup:
    """What stands between backticks, as code."""
    parts = enumerate(text.split("`"))
    return Markup().join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in parts)
