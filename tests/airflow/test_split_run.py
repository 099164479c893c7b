"""Plates that flow on their own as a real DAG run: Airflow's own machinery on the embedded cloud."""

import json
from pathlib import Path

import pytest

from platerunner.engine.planning.branch import Branch
from platerunner.operators.assets import can_have_keys

SPEC = """
version: 1
pipeline: plates
workspace: "{{ workspace_root }}/plates"
split: {by: plate, tolerate: 1}
dataset:
  root: "{{ data_root }}/plates"
  files: {raw: "{plate}/{well}.sh"}
defaults:
  image: base:latest
  resources: {vcpus: 1, memory: 100 MiB}
  retry: {attempts: 1}
steps:
  work:
    module: command
    foreach: [plate, well]
    inputs: {tool: dataset.raw}
    with: {argv: [sh, "{inputs.tool}", "{outputs.copy}"]}
    outputs: {copy: "copies/{plate}/{well}.txt"}
  sum:
    module: command
    foreach: [plate]
    inputs: {copies: work.copy}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.sum}", "{inputs.copies}"]}
    outputs: {sum: "sums/{plate}.txt"}
KEYED
  whole:
    module: command
    inputs: {sums: sum.sum}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.whole}", "{inputs.sums}"]}
    outputs: {whole: "whole.txt"}
    assets: [whole]
""".replace("KEYED", "    assets: [{asset: sums, by: plate}]" if can_have_keys() else "")
FOLLOWS = """
version: 1
pipeline: follows
workspace: "{{ workspace_root }}/follows"
params: {plate: {type: string, required: true}}
schedule: {asset: sums, by: plate}
dataset:
  root: "{{ workspace_root }}/plates"
  files: {sums: "sums/{plate}.txt"}
  where: {plate: "{{ params.plate }}"}
steps:
  copy:
    module: command
    image: base:latest
    foreach: [plate]
    inputs: {sum: dataset.sums}
    with: {argv: [cp, "{inputs.sum}", "{outputs.copy}"]}
    outputs: {copy: "copies/{plate}.txt"}
"""
FIRST, SECOND, EMPTY = (f"2026-01-0{day}T00:00:00+00:00" for day in (1, 2, 3))
PLATES = ("0512", "P2", "Plate 3 & Co")
KEYS = {plate: Branch("plate", plate).key for plate in PLATES}


class Plates:
    """Three plates with two wells each, one of which fails until it is fixed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spec = folder / "specs" / "plates.yaml"
        self.spec.parent.mkdir()
        self.spec.write_text(SPEC)
        self.spec.with_name("follows.yaml").write_text(FOLLOWS)
        for plate in PLATES:
            for well in ("A01", "A02"):
                script = folder / "data/plates" / plate / f"{well}.sh"
                script.parent.mkdir(parents=True, exist_ok=True)
                fails = f"[ -e {folder}/fixed ] || exit 1\n" if (plate, well) == ("P2", "A02") else ""
                script.write_text(f"{fails}echo '{plate}/{well}' > \"$1\"\n")

    def record(self, when: str, path: str) -> dict:
        return json.loads((self.folder / f"workspace/plates/_platerunner/runs/manual__{when}" / path).read_text())

    def whole(self) -> list[str]:
        return (self.folder / "workspace/plates/whole.txt").read_text().splitlines()


@pytest.mark.airflow
@pytest.mark.timeout(900)
def test_a_plate_fails_alone_and_what_gathers_goes_on_without_it(airflow, tmp_path):
    plates = Plates(tmp_path)
    code, log = airflow.run(plates.spec, FIRST, tmp_path)
    assert code == 0, log[-3000:]
    assert plates.record(FIRST, "branches.json")["branches"] == list(KEYS.values())
    assert "1 of 3 branches failed (P2), 1 may: it goes on without them" in log
    assert plates.whole() == ["0512/A01", "0512/A02", "Plate 3 & Co/A01", "Plate 3 & Co/A02"]
    # What follows may start for each plate that came through, and with all that is there.
    done = ("0512", "Plate 3 & Co") if can_have_keys() else ()
    assert f"assets updated: {[*(('sums', plate) for plate in done), ('whole', None)]}" in log
    assert f"runs for keys: {[('follows.launches', plate) for plate in done]}" in log
    assert {plate: plates.record(FIRST, f"work/{key}/result.json")["failed"] for plate, key in KEYS.items()} == {
        "0512": 0,
        "P2": 1,
        "Plate 3 & Co": 0,
    }

    (tmp_path / "fixed").touch()
    code, log = airflow.run(plates.spec, SECOND, tmp_path)
    assert code == 0, log[-3000:]
    assert sorted(plates.whole()) == sorted(f"{plate}/{well}" for plate in PLATES for well in ("A01", "A02"))
    second = {plate: plates.record(SECOND, f"work/{key}/result.json") for plate, key in KEYS.items()}
    assert {plate: (done["succeeded"], done["done_before"]) for plate, done in second.items()} == {
        "0512": (0, 2),
        "P2": (1, 1),
        "Plate 3 & Co": (0, 2),
    }


@pytest.mark.airflow
@pytest.mark.timeout(900)
def test_without_a_plate_everything_is_skipped_and_says_why(airflow, tmp_path):
    plates = Plates(tmp_path)
    left_out = "".join(f'\n    - {{plate: "{plate}", because: dropped}}' for plate in PLATES)
    plates.spec.write_text(SPEC.replace("defaults:", f"  exclude:{left_out}\ndefaults:"))
    code, log = airflow.run(plates.spec, EMPTY, tmp_path)
    assert code == 0, log[-3000:]
    assert "there is nothing to run: the spec's `exclude` leaves out every file of every plate" in log
    assert {
        task: f"'{task}': 'skipped'" in log for task in ("split-by-plate", "work", "sum", "whole")
    } == dict.fromkeys(("split-by-plate", "work", "sum", "whole"), True)
