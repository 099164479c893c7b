"""Where telemetry is sent is looked at before anything starts."""

import os

import pytest
import typer
from tests.otlp_receiver import receiver

from platerunner.cli.run.observe import ENDPOINT, OF_AIRFLOW, observe


@pytest.mark.parametrize(
    "url", ["", "collector", "127.0.0.1:4318", "ftp://c:1", "http://", "http://c:port", "http://c:99999"]
)
def test_what_is_no_address_is_refused_with_one_that_is(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        observe(url)
    said = capsys.readouterr().err.replace("\n", " ")
    assert f"--observe {url} is no address of a collector" in said
    assert "http://127.0.0.1:4318" in said


def test_nobody_who_answers_is_said_and_somebody_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://before:1")
    for name in OF_AIRFLOW:  # undone afterwards, whatever is set meanwhile
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("AIRFLOW__METRICS__LEGACY_NAMES_ON", "True")
    with receiver("http/protobuf", "refuse") as (nobody, _), pytest.raises(typer.Exit):
        observe(nobody)
    assert "nobody answers there" in capsys.readouterr().err.replace("\n", " ")
    with receiver("http/protobuf") as (endpoint, _):
        observe(endpoint)
        assert os.environ[ENDPOINT] == endpoint
        told = {name: os.environ[name] for name in OF_AIRFLOW}
        assert told == {**OF_AIRFLOW, "AIRFLOW__METRICS__LEGACY_NAMES_ON": "True"}, "what somebody said stays"
        observe(None)
        assert os.environ[ENDPOINT] == endpoint
