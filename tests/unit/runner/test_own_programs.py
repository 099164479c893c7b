"""Scripts of a step's own: where they are, where they start, and which arguments they get."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.bench import Bench, data_file, folder_bench

from platerunner_unit.contract.manifest import StepTask, ToolFile

SCRIPT = """
import os, sys
from cells import SAID
open(sys.argv[1], "w").write(f"{SAID} {os.environ['OWN']} {os.path.basename(os.getcwd())}")
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return folder_bench(tmp_path)


def scripts(bench: Bench, argv: tuple[str, ...], **params: object) -> StepTask:
    members = []
    for name, text in (("lib/track.py", SCRIPT), ("lib/cells.py", "SAID = 'found'\n")):
        bench.store.put(f"files/{name}", text.encode())
        members.append(ToolFile(f"files/{name}", name, hashlib.sha256(text.encode()).hexdigest()))
    step = bench.step(argv, params={"environment": {"OWN": 2}, **params})
    return replace(step, files={"files": tuple(members)})


@pytest.mark.parametrize(
    ("script", "folder", "cwd"),
    [("lib/track.py", "out", "out"), ("{files.lib/track.py}", "files", "files"), ("lib/track.py", "/usr", "usr")],
)
def test_a_script_finds_its_neighbours_its_variables_and_its_folder(
    bench: Bench, script: str, folder: str, cwd: str
) -> None:
    step = scripts(bench, (sys.executable, script, "{outputs.o}"), working_folder=folder)
    ran = bench.run(step, bench.unit(["a.txt"]))
    assert ran.category == "succeeded", ran.stderr
    assert bench.store.get("a.txt").decode() == f"found 2 {cwd}"


def test_a_working_folder_that_the_image_lacks_is_said_and_no_program_blamed(bench: Bench) -> None:
    ran = bench.run(scripts(bench, ("true",), working_folder="/opt/none"), bench.unit())
    assert ran.category == "pipeline_invalid"
    assert "the working folder /opt/none does not exist in this image" in ran.sentence


def test_a_table_tells_a_macro_its_files_and_their_values(bench: Bench) -> None:
    image = data_file(bench, "x.txt", values={"channel": "DNA"})
    ran = bench.run(bench.step(("cp", "{table}", "{outputs.o}")), bench.unit(["t.tsv"], [image]))
    assert ran.category == "succeeded", ran.stderr
    header, first, second = [line.split("\t") for line in bench.store.get("t.tsv").decode().splitlines()]
    assert header == ["kind", "name", "path", "plate", "well", "channel"]
    assert (first[:2], first[3:]) == (["input", "i"], ["P1", "A01", "DNA"])
    assert (second[:2], Path(second[2]).name, second[3:]) == (["output", "o"], "t.tsv", ["P1", "A01", ""])


def test_a_program_gets_its_files_in_natural_order(bench: Bench) -> None:
    frames = [data_file(bench, f"t{t}.txt", values={"t": str(t)}) for t in (1, 10, 2)]
    shell = "for each; do basename $each .txt; done >{outputs.o}; cut -f 3 {table} >>{outputs.o}"
    ran = bench.run(bench.step(("sh", "-c", shell, "sh", "{inputs.i}")), bench.unit(["o.txt"], frames))
    assert ran.category == "succeeded", ran.stderr
    arguments, table = bench.store.get("o.txt").decode().split("path")
    assert arguments.split() == ["t1", "t2", "t10"]
    assert [Path(line).stem for line in table.split()] == ["t1", "t2", "t10", "o"]
