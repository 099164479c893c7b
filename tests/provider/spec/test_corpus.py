"""The broken specs miss nothing out: every rule, every keyword of the schema and every kind of problem has one."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import platerunner
from platerunner.catalog.loader import load_catalog
from platerunner.documents.problems import DocumentError
from platerunner.documents.reader import read
from platerunner.documents.shape import walk
from platerunner.documents.source import Source
from platerunner.spec.draft import draft
from platerunner.spec.loader import include, load_pipeline
from platerunner.spec.problems import SpecError
from platerunner.spec.rules import RULES
from platerunner.spec.schema import pipeline_schema

BROKEN = sorted((Path(__file__).parent / "broken").glob("*.yaml"))
PACKAGE = Path(platerunner.__file__).parent
# Keywords that say what a value means, or lead to the keywords below them; they fail with those, or never.
NO_RULES = {"$schema", "$id", "title", "description", "default", "examples", "items", "properties", "patternProperties",
            "x-text", "x-template", "x-quantity", "x-least", "x-most", "x-words", "x-ordered",
            "x-names", "x-elsewhere"}  # fmt: skip
# Of a file as such, or of a catalog: no spec in a folder of specs has them. tests/provider/documents and .../catalog.
OF_FILES = {"no-catalog", "not-utf8", "too-large", "two-versions", "unreadable"}


def sources() -> Iterator[Source]:
    """Those that are YAML at all."""
    for path in BROKEN:
        try:
            source = read(path)
            include(source)
        except DocumentError:
            continue
        yield source


@cache
def broken_rules() -> tuple[set[str], set[str]]:
    """Names of the rules that a broken spec breaks; and of those that note something though their keys are not used."""
    broken, wrongly = set(), set()
    for source in sources():
        spec = draft(source, load_catalog())
        for rule, keys in RULES.items():
            before = len(source.problems)
            rule(spec)
            if len(source.problems) > before:
                broken.add(rule.__name__)
                if keys and spec.keys.isdisjoint(keys):
                    wrongly.add(rule.__name__)
    return broken, wrongly


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_rule_has_a_broken_spec(rule):
    assert rule.__name__ in broken_rules()[0]


def test_a_rule_has_nothing_to_say_about_a_spec_without_its_keys():
    assert broken_rules()[1] == set()


def keywords(node: Any) -> Iterator[str]:
    """The keywords of a schema and of the schemas in it."""
    for key, value in node.items():
        yield key
        if key in ("properties", "patternProperties"):
            for child in value.values():
                yield from keywords(child)
        elif key in ("anyOf", "oneOf"):
            for child in value:
                yield from keywords(child)
        elif isinstance(value, dict) and key not in ("default", "examples", "x-elsewhere"):
            yield from keywords(value)


def failed(errors: Any) -> Iterator[str]:
    for error in errors:
        yield error.validator
        yield from failed(error.context or ())


@pytest.mark.slow
def test_every_keyword_of_the_schema_has_a_broken_spec():
    schema = pipeline_schema()
    seen = set()
    for source in sources():
        walk(source, schema.shape, source.data)
        seen |= set(failed(schema.validator.iter_errors(source.data)))
    assert set(keywords(schema.root)) - NO_RULES - seen == set()


def codes() -> set[str]:
    """The codes of problems that the language's modules can note."""
    found = set()
    for path in (*PACKAGE.glob("documents/*.py"), *PACKAGE.glob("spec/**/*.py"), *PACKAGE.glob("catalog/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
            last = node.args[-1] if name in ("add", "at_key", "at_value", "Problem", "_fail") and node.args else None
            if isinstance(last, ast.Constant) and re.fullmatch("[a-z0-9-]+", str(last.value)):
                found.add(last.value)
    return found


@pytest.mark.slow
def test_every_kind_of_problem_has_a_broken_spec():
    seen = set()
    for path in BROKEN:
        with pytest.raises(SpecError) as raised:
            load_pipeline(path, look_into_files=True)
        seen |= {problem.code for problem in raised.value.problems}
    assert len(codes()) > 40
    assert codes() - OF_FILES - seen == set()
