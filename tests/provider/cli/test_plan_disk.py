"""`platerunner plan` refuses a step whose disk no hosts have, where the connection says what they have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from platerunner.cli import app

SPEC = """\
version: 1
pipeline: cells
workspace: "{{ workspace_root }}/cells"
dataset:
  root: "{{ data_root }}"
  files: {raw: "{plate}/{well}.txt"}
steps:
  measure:
    module: command
    image: base:latest
    foreach: [plate, well]
    inputs: {raw: dataset.raw}
    with: {argv: [cp, "{inputs.raw}", "{outputs.made}"]}
    outputs: {made: "made/{plate}/{well}.txt"}
    resources: {disk: 500 GiB}
"""


def plan(folder: Path, monkeypatch: pytest.MonkeyPatch, **extra: object) -> Result:
    (folder / "data" / "P1").mkdir(parents=True, exist_ok=True)
    (folder / "data" / "P1" / "A01.txt").touch()
    (folder / "cells.yaml").write_text(SPEC)
    connection = {"queues": {"spot": "q", "spot_large": "ql"}, "endpoint_url": "http://127.0.0.1:1", **extra}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": connection}))
    roots = ("--data-root", str(folder / "data"), "--workspace-root", str(folder / "ws"))
    return CliRunner().invoke(app, ["plan", str(folder / "cells.yaml"), *roots])


def test_more_than_any_hosts_have_is_refused_with_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = plan(tmp_path, monkeypatch, host_disk={"spot": "170 GiB"})
    assert result.exit_code == 2
    assert "cells.yaml:15: measure: " in result.output
    assert "asks for 500 GiB of disk, and hosts have spot 170 GiB" in result.output


@pytest.mark.parametrize("disks", [{}, {"spot": "170 GiB", "spot_large": "900 GiB"}])
def test_what_hosts_have_or_may_have_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disks: dict[str, str]
) -> None:
    result = plan(tmp_path, monkeypatch, host_disk=disks)
    assert "of disk" not in result.output
