"""A run by the engine itself and one by Airflow do the same: outputs, outcomes, results, summary, exit code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import ROOT, Result

from platerunner.local.demo_plate import make_plate

SPECS = {ROOT / "dag_specs/demo.yaml": 0, Path(__file__).with_name("specs") / "branches.yaml": 0}
"""Specs, each with the exit code of its run."""
OF_A_RUN = ("seconds", "jobs", "run_id")
"""What differs from run to run."""


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_the_engine_and_airflow_do_the_same(spec: Path, platerunner: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for plate in ("P1", "P2"):
        make_plate(tmp_path / plate, wells=2, sites=2, size=128)
        (tmp_path / plate / "Demo1").rename(tmp_path / "data" / plate)
    seen = []
    for way in ([], ["--airflow"]):
        workspace = tmp_path / f"results{len(way)}"
        roots = ("--data-root", tmp_path / "data", "--workspace-root", workspace)
        done = platerunner("run", spec, "--local", "--approve-all", *roots, *way)
        assert done.code == SPECS[spec], done.out + done.err
        seen.append((_plain(done.summary), left_in(workspace)))
    (directly, left), (by_airflow, left_by_airflow) = seen
    assert directly == by_airflow
    assert left.keys() == left_by_airflow.keys()
    assert [name for name in left if left[name] != left_by_airflow[name]] == []
    again = platerunner("run", spec, "--local", "--approve-all", *roots)
    assert sum(step["succeeded"] for step in again.summary["steps"].values()) == 0, "what Airflow did is done"


def left_in(workspace: Path) -> dict[str, Any]:
    """Outputs with their bytes, results, and which outcomes there are; names without the run's."""
    found: dict[str, Any] = {}
    for path in (path for path in workspace.rglob("*") if path.is_file()):
        key = str(path.relative_to(workspace))
        if "_platerunner" not in key:
            found[key] = path.read_bytes()
        elif path.name == "result.json":
            found["/".join(part for part in path.parts[-3:] if "manual__" not in part)] = _plain(
                json.loads(path.read_text())
            )
        elif "/outcomes/" in key:
            found[key.rpartition("/")[0]] = path.name.split(".")[1]  # the verdict; a fingerprint has the files' times
    return found


def _plain(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in OF_A_RUN}
