from pathlib import Path

from jsonschema import Draft202012Validator

from platerunner.spec.loader import load_text
from platerunner.spec.reference import page
from platerunner.spec.schema import pipeline_schema, schema

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "spec.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text() == page(), "run: python -m platerunner.spec.reference > docs/reference/spec.md"


def test_the_page_names_every_key():
    text = page()
    for _, node in nodes(pipeline_schema().root):
        assert all(f"| `{key}` |" in text for key in node.get("properties", {}) if key != "range")


def test_its_example_is_a_valid_spec(tmp_path):
    text = page()
    example = text[text.index("```yaml\n") + 8 : text.index("\n```\n")]
    assert load_text(example, tmp_path / "x.yaml").name == "demo"


def nodes(node, path="#"):
    yield path, node
    for key in ("properties", "patternProperties", "$defs"):
        for name, child in node.get(key, {}).items():
            yield from nodes(child, f"{path}/{key}/{name}")
    for key in ("anyOf", "oneOf"):
        for index, child in enumerate(node.get(key, ())):
            yield from nodes(child, f"{path}/{key}/{index}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from nodes(node[key], f"{path}/{key}")


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(schema())


def test_every_node_says_what_it_is_and_shows_an_example():
    for path, node in nodes(schema()):
        if "$ref" not in node:
            assert node.get("description"), path
            assert node.get("examples") or "default" in node, path


def test_every_mapping_is_closed():
    for path, node in nodes(schema()):
        if node.get("type") == "object":
            assert "additionalProperties" in node, path


def test_examples_and_defaults_obey_their_own_schema():
    for path, node in nodes(pipeline_schema().root):
        values = [*node.get("examples", ()), *([node["default"]] if "default" in node else [])]
        for value in values:
            assert not [e.message for e in Draft202012Validator(node).iter_errors(value)], (path, value)
