"""The glossary has the words that the code has, and the code no second word for one thing."""

import ast
import re
from pathlib import Path

import pytest

from platerunner.engine.inspect.run_record import Mark
from platerunner.engine.planning.model import UnitState
from platerunner.spec.schema import schema
from platerunner_unit.contract.category import Category

ROOT = Path(__file__).parents[2]
SOURCES = ("provider/platerunner", "plugins/platerunner_pages", "containers/unit/platerunner_unit")
DOCS = ROOT / "docs"
GLOSSARY = (DOCS / "glossary.md").read_text()
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def rows(section: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    text = GLOSSARY.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


SECOND_WORDS = {word: ours for ours, others in rows("One word for one thing") for word in others.split(", ")}


def names_defined(tree: ast.AST) -> set[str]:
    """What a module names itself; names of other libraries, which it merely uses, are theirs."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                found.add(name)
    return found


def second_words(name: str) -> list[str]:
    """The second words in an identifier, as whole words: ``partition_key`` has one, ``repartitioned`` none."""
    words = f" {' '.join(word.lower() for word in WORD.findall(name))} "
    return [word for word in SECOND_WORDS if f" {word} " in words]


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_the_code_has_one_word_for_one_thing(source: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: `{name}` says `{word}`; the glossary says `{SECOND_WORDS[word]}`"
        for path in sorted((ROOT / source).rglob("*.py"))
        for name in sorted({path.stem} | names_defined(ast.parse(path.read_text())))
        for word in second_words(name)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("submit_job_array", ["job array"]),
        ("JobArray", ["job array"]),
        ("FOV_COUNT", ["fov"]),
        ("fieldOfView", ["field of view"]),
        ("repartitioned", []),
        ("job_arrays_of", []),
        ("array_job", []),
        ("ImageSet", []),
    ],
)
def test_a_second_word_is_found_as_a_whole_word_only(name: str, found: list[str]) -> None:
    assert second_words(name) == found


def test_every_state_of_a_unit_has_an_entry() -> None:
    ours = {row[0] for row in rows("Ours: pipelines, units, records")}
    assert {str(state) for state in (*UnitState, *Mark)} <= ours


def test_every_top_level_key_of_a_spec_has_an_entry_and_no_other_has() -> None:
    listed = [key for row in rows("The keys at the top of a spec") for key in re.findall(r"`(\w+)`", row[0])]
    assert sorted(listed) == sorted(schema()["properties"])


def test_every_category_is_on_the_page_that_the_entry_links() -> None:
    (entry,) = [row for row in rows("Ours: pipelines, units, records") if row[0] == "category"]
    page = (DOCS / re.findall(r"\]\(([^)]+)\)", entry[1])[0]).read_text()
    assert [category.value for category in Category if f"| `{category.value}` |" not in page] == []


@pytest.mark.parametrize(
    "section", ["The field: plates and images", "Ours: pipelines, units, records", "AWS and Airflow"]
)
def test_words_are_found_by_the_alphabet_and_once(section: str) -> None:
    words = [row[0].lower() for row in rows(section)]
    assert words == sorted(set(words))


def test_what_is_not_said_is_no_entry() -> None:
    entries = {row[0] for section in ("Ours: pipelines, units, records", "AWS and Airflow") for row in rows(section)}
    assert entries.isdisjoint(SECOND_WORDS)
