"""What the docs for developers point at is there."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BASES = ("", "provider", "provider/platerunner", "plugins", "plugins/platerunner_pages", "containers/unit",
         "containers/unit/platerunner_unit")  # fmt: skip
DEVELOPERS = [ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "docs/design.md", ROOT / "docs/glossary.md",
              *sorted((ROOT / "docs/adr").glob("*.md"))]  # fmt: skip
EVERYWHERE = ("*", "docs/**/*", "plugins/*", "benchmarks/*", "containers/*/*", "terraform/*", "terraform/*/*/*")
ALL = sorted(page for pages in EVERYWHERE for page in ROOT.glob(f"{pages}.md"))
SAMPLES = re.compile(r"^```.*?^```$|^ {4}[^\n]*$", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
KEPT = ("_platerunner", "runs", "images", "illum", "pipelines", "modules", ".tools")
"""First folders of paths that are in a workspace, in a spec's folder, or fetched by make: none of the checkout."""


def paths_in(text: str) -> Iterator[str]:
    """Paths in backticks: what has a slash, or is called like a file of code."""
    for path in PATH.findall(SAMPLES.sub("", text)):
        if ("/" in path and path.split("/")[0] not in KEPT and "s3:" not in path) or path.endswith(".py"):
            yield path


@cache
def names() -> frozenset[str]:
    """Names of all modules."""
    return frozenset(path.name for base in ("provider", "plugins", "containers", "dags", "tests", "scripts")
                     for path in (ROOT / base).rglob("*.py"))  # fmt: skip


def is_there(path: str) -> bool:
    """Whether the checkout has it, under one of the folders that paths in the docs begin at."""
    return any((ROOT / base / path).exists() for base in BASES) or ("/" not in path and path in names())


def relative(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", DEVELOPERS, ids=relative)
def test_every_path_of_a_page_exists(page: Path) -> None:
    assert [path for path in paths_in(page.read_text()) if not is_there(path)] == []


@pytest.mark.parametrize("page", ALL, ids=relative)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = LINK.findall(SAMPLES.sub("", page.read_text()))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_paths_are_told_from_other_words() -> None:
    text = (
        "    `in/a.sample`\n"
        "`engine/planning/gone.py` `state.json` `plate=P1/well=A01` `gone.py` `_platerunner/needs/` `illum_calc.illum`"
    )
    assert list(paths_in(text)) == ["engine/planning/gone.py", "gone.py"]
    assert not any(is_there(path) for path in paths_in(text))


def test_every_folder_with_owners_exists() -> None:
    lines = (ROOT / ".github/CODEOWNERS").read_text().splitlines()
    owned = [line.split() for line in lines if line and not line.startswith("#")]
    assert [path for path, *_ in owned if path != "*" and not (ROOT / path.strip("/")).exists()] == []
    assert [path for path, *owners in owned if not owners] == []


@pytest.mark.parametrize("form", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=lambda form: form.stem)
def test_issue_forms_are_what_github_reads(form: Path) -> None:
    content = yaml.safe_load(form.read_text())
    if form.stem == "config":
        assert set(content) == {"blank_issues_enabled", "contact_links"}
        return
    assert {"name", "description", "body"} <= set(content)
    fields = [field for field in content["body"] if field["type"] != "markdown"]
    ids = [field["id"] for field in fields]
    assert len(set(ids)) == len(ids) > 0
    assert all(field["attributes"].get("options") for field in fields if field["type"] == "dropdown")


def test_decisions_are_numbered_told_alike_and_listed() -> None:
    folder = ROOT / "docs/adr"
    pages = sorted(folder.glob("0*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        title, *heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
        assert heads == ["Context", "Decision", "Consequence"]
        assert f"- [{page.name[:4]}]({page.name}) {title.split('. ', 1)[1]}\n" in (folder / "README.md").read_text()
