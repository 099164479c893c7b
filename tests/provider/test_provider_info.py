import json
from importlib import import_module
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from airflow.sdk._shared.module_loading import import_string
from jsonschema import validate

from platerunner.engine.connection import ConnectionSettings
from platerunner.provider_info import get_provider_info

INFO = get_provider_info()
ROOT = Path(__file__).parents[2]


def test_airflow_finds_it_and_its_schema_accepts_it():
    (entry,) = entry_points(group="apache_airflow_provider", name="provider_info").select(
        value="platerunner.provider_info:get_provider_info"
    )
    from airflow.providers_manager import _create_provider_info_schema_validator

    _create_provider_info_schema_validator().validate(entry.load()())


def test_every_class_it_names_exists():
    (connection,) = INFO["connection-types"]
    assert import_string(connection["hook-class-name"]).conn_type == connection["connection-type"]
    for link in INFO["extra-links"]:
        assert import_string(link)().name


def test_the_form_has_every_setting_and_no_other():
    (connection,) = INFO["connection-types"]
    assert set(connection["conn-fields"]) == set(ConnectionSettings.__dataclass_fields__) - {"name"}


@pytest.mark.parametrize("name", sorted(INFO["connection-types"][0]["conn-fields"]))
def test_every_field_may_stay_empty(name):
    schema = INFO["connection-types"][0]["conn-fields"][name]["schema"]
    validate(None, schema)
    kind = next(kind for kind in schema["type"] if kind != "null")
    validate({"object": {"a": "b"}, "boolean": True, "string": "text"}[kind], json.loads(json.dumps(schema)))


def test_every_module_that_it_names_exists():
    for kind in ("operators", "sensors", "hooks", "triggers"):
        for each in INFO[kind]:
            assert each["integration-name"] == INFO["integrations"][0]["integration-name"]
            assert all(import_module(name) for name in each["python-modules"])


def test_registries_read_the_same_as_airflow():
    kept = yaml.safe_load(Path(find_spec("platerunner").origin).with_name("provider.yaml").read_text())
    assert kept | INFO == kept, "stale: run `make docs`"
    assert kept["versions"][0] == version("airflow-provider-platerunner")


def test_editors_that_ask_schemastore_check_specs_and_no_parts_of_them():
    entry = json.loads((ROOT / "docs/schemastore.json").read_text())
    assert {"name", "description", "fileMatch", "url"} == set(entry)
    schema = entry["url"].partition("/main/")[2]
    assert json.loads((ROOT / schema).read_text())["title"]
    match, but = (pattern.removeprefix("!") for pattern in entry["fileMatch"])
    assert [path for path in ROOT.glob("dag_specs/*.yaml") if not path.match(match)] == []
    assert [path.name for path in ROOT.glob("dag_specs/*.yaml") if path.match(but)] == ["_dyes.yaml"]
