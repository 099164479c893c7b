import json
from importlib.metadata import entry_points

import pytest
from airflow.sdk._shared.module_loading import import_string
from jsonschema import validate

from platerunner.engine.connection import ConnectionSettings
from platerunner.provider_info import get_provider_info

INFO = get_provider_info()


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
    validate({"a": "b"} if "object" in schema["type"] else "text", json.loads(json.dumps(schema)))
