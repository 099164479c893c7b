"""The spec of docs/how-to/em.md against stand-ins of five archives, with the real loaders."""

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.archive_server import DVID, Archive, serving
from tests.e2e.conftest import ROOT, Result

VOLUMES = ROOT / "tests/live/em_volumes.py"
LOADERS = ("ebi", "epfl", "flyem", "idr", "openorganelle")

pytestmark = pytest.mark.timeout(900)


def options(archive: Archive) -> list[str]:
    url = archive.url
    params = {
        "ebi": '["7"]', "ebi_url": f"{url}/ebi/{{dataset}}/",
        "epfl": "[brain]", "epfl_url": f"{url}/epfl/{{dataset}}.tif",
        "flyem": "[hemi]", "flyem_url": f"{url}{DVID}", "flyem_box": "[0, 0, 0, 70, 90, 130]",
        "idr": '["1"]', "idr_url": f"{url}/idr/{{dataset}}.zarr",
        "openorganelle": "[hela]", "openorganelle_url": f"{url}/n5/{{dataset}}.n5/em/s0",
    }  # fmt: skip
    return [word for name, value in params.items() for word in ("--param", f"{name}={value}")]


def states(table: Path) -> dict[str, str]:
    with table.open(newline="") as stream:
        return {row["source"]: row["state"] for row in csv.DictReader(stream)}


def test_a_loader_that_fails_leaves_the_others_and_is_named_in_the_table(
    platerunner: Callable[..., Result], em: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATERUNNER_EM", str(em))
    served, results = tmp_path / "served", tmp_path / "results"
    subprocess.run([em.with_name("python"), VOLUMES, "write", served], check=True, timeout=200)
    with serving(served) as archive:
        args = ("run", ROOT / "dag_specs/em.yaml", "--local", "--workspace-root", results, *options(archive))

        archive.shut, archive.left = "/epfl", 0
        first = platerunner(*args)
        assert first.code == 0, first.out + first.err
        assert {name: first.step(name)["succeeded"] for name in LOADERS} == {**dict.fromkeys(LOADERS, 1), "epfl": 0}
        assert states(results / "em/datasets.csv") == {**dict.fromkeys(LOADERS, "loaded"), "epfl": "failed"}
        assert "epfl brain is not there: its loader failed" in first.out

        archive.left = None
        second = platerunner(*args)
        assert second.step("epfl")["succeeded"] == 1, second.out + second.err
        assert states(results / "em/datasets.csv") == dict.fromkeys(LOADERS, "loaded")

        archive.asked.clear()
        third = platerunner(*args)
        assert all(step["done_before"] == step["units"] == 1 for step in third.summary["steps"].values()), third.out
        assert archive.asked == []
    volumes = sorted((results / "em/volumes").glob("*/*.ome.zarr"))
    read = [em.with_name("python"), VOLUMES, "read", *volumes]
    found = json.loads(subprocess.run(read, check=True, capture_output=True, text=True, timeout=200).stdout)
    assert [volume["shapes"][0] for volume in found] == [[70, 90, 130]] * 5
