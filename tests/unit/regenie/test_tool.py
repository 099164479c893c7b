"""The tool ``regenie`` through the whole runner.

The program itself cannot be installed here: a script stands in its place, and writes and says what recorded runs of the
real one wrote and said. What is proven is what surrounds it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.bench import Bench, Ran, data_file, folder_bench
from tests.unit.regenie.test_inputs import CHROMOSOMES, PEOPLE, write_bed

PHENOTYPES = "FID IID Y1 Y2\n" + "".join(f"F {name} {n} 1.5\n" for n, name in enumerate(PEOPLE))
LOG = """ * phenotypes       : [pheno.txt] n_pheno = 2
 * number of individuals used in analysis = 10
   - 'Y1': 10 observations
   - 'Y2': 10 observations
Chromosome 1 [3 blocks in total]
Chromosome 23 [1 blocks in total]
Association results stored separately for each trait in files :
* [step2/x_Y1.regenie]
* [step2/x_Y2.regenie]
Number of ignored tests due to low MAC : 0
End time: Sun Nov 29 13:17:51 2026
"""
TABLE = "CHROM GENPOS ID BETA\n" + "".join(f"{c.replace('X', '23')} {n} rs{n} 0.1\n" for n, c in enumerate(CHROMOSOMES))
STEP_2 = ("--step", "2", "--bed", "{inputs.bed}", "--phenoFile", "{inputs.pheno}", "--ignore-pred")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return folder_bench(tmp_path)


def program(bench: Bench, tmp_path: Path, script: str) -> str:
    """Something that is called regenie; it sees its arguments as the real one would."""
    path = tmp_path / "regenie"
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)
    return str(path)


def step_2(bench: Bench, tmp_path: Path, table: str = TABLE, phenotypes: str = PHENOTYPES, end: str = "exit 0") -> Ran:
    """Of two traits, from a BED; the second trait's table is the one given."""
    (tmp_path / "made").mkdir()
    inputs = [data_file(bench, f"geno/{path.name}", path.read_bytes()) for path in write_bed(tmp_path / "made")]
    pheno = data_file(bench, "pheno.txt", phenotypes.encode())
    (tmp_path / "log").write_text(LOG)
    (tmp_path / "good").write_text(TABLE)
    (tmp_path / "given").write_text(table)
    script = (
        f'echo "$@"; for out; do :; done; cp {tmp_path}/log $out.log; '
        f"cp {tmp_path}/good ${{out}}_Y1.regenie; cp {tmp_path}/given ${{out}}_Y2.regenie; {end}\n"
    )
    argv = (program(bench, tmp_path, script), *STEP_2, "--out", "{out}/step2/x")
    unit = bench.unit(["step2/x_Y1.regenie", "step2/x_Y2.regenie"], inputs={"bed": tuple(inputs), "pheno": (pheno,)})
    return bench.run(bench.step(argv, tool="regenie"), unit)


def test_a_run_that_adds_up_is_a_success_and_the_three_files_of_a_bed_are_one_name(bench, tmp_path) -> None:
    ran = step_2(bench, tmp_path)
    assert (ran.code, ran.category) == (0, "succeeded"), ran.sentence
    assert ran.sentence.startswith("70 tests have a row and 0 tests were ignored")
    assert b"/geno/g --phenoFile" in ran.stdout
    assert bench.store.get("step2/x_Y2.regenie") == TABLE.encode()


def test_exit_code_0_does_not_hide_rows_that_are_lost(bench, tmp_path) -> None:
    ran = step_2(bench, tmp_path, "".join(TABLE.splitlines(keepends=True)[:-1]))
    assert (ran.category, ran.sentence) == ("input_unreadable", "1 of 70 tests have no row and were not ignored.")
    assert not list(bench.store.list("step2/")), "no table under its final name"


def test_an_error_that_only_stdout_tells_is_told(bench, tmp_path) -> None:
    ran = step_2(bench, tmp_path, end="echo 'ERROR: must use --bsize'; exit 1")
    assert (ran.category, ran.sentence) == ("misconfigured", "regenie stopped: must use --bsize.")


def test_decimal_commas_are_seen_before_the_start(bench, tmp_path) -> None:
    ran = step_2(bench, tmp_path, phenotypes=PHENOTYPES.replace("1.5", "1,5"))
    assert ran.category == "input_unreadable"
    assert "pheno.txt, line 2: `1,5` of Y2 is no number" in ran.sentence
    assert b"--step" not in ran.stdout, "it was not started"


def test_level_1_finds_the_parts_of_another_container_and_keeps_them(bench, tmp_path) -> None:
    """The master holds the paths of the job that wrote it."""
    master = "35 5\n/elsewhere/fit_job1 3 15\n/elsewhere/fit_job2 4 20\n"
    names = ["fit.master", "fit_job1.snplist", "fit_job2.snplist", "fit_job1_l0_Y1", "fit_job2_l0_Y1"]
    files = [data_file(bench, f"step1/{name}", (master if name == names[0] else name).encode()) for name in names]
    script = 'echo "$@"; while read prefix _; do cat ${prefix}_l0_Y1 2>/dev/null && echo; done < "$2"; exit 1\n'
    argv = (program(bench, tmp_path, script), "--run-l1", "{inputs.master}", "--out", "{out}/s1")
    unit = bench.unit(["s1_1.loco"], inputs={"master": tuple(files[:1]), "l0": tuple(files[1:])})
    said = bench.run(bench.step(argv, tool="regenie"), unit).stdout.decode().splitlines()
    assert said[0].endswith("--keep-l0")
    assert said[1:3] == ["fit_job1_l0_Y1", "fit_job2_l0_Y1"]


def test_level_0_writes_its_parts_where_its_outputs_are_expected(bench, tmp_path) -> None:
    master = "35 5\n/elsewhere/fit_job1 3 15\n"
    files = [
        data_file(bench, "step1/fit.master", master.encode()), data_file(bench, "step1/fit_job1.snplist", b"rs1\n"),
    ]  # fmt: skip
    script = (
        'master=${2%,1}; prefix=$(sed -n "2s/ .*//p" $master); cat $prefix.snplist; printf 123 > ${prefix}_l0_Y1; '
        'echo "End time: now" > $4.log\n'
    )
    argv = (program(bench, tmp_path, script), "--run-l0", "{inputs.master},{values.well}", "--out", "{out}/j1")
    unit = bench.unit(
        ["parts/fit_job1_l0_Y1"], inputs={"master": tuple(files[:1]), "snps": tuple(files[1:])}, values={"well": "1"}
    )
    ran = bench.run(bench.step((*argv, "--step", "1"), tool="regenie"), unit)
    assert ran.category == "succeeded", ran.sentence
    assert bench.store.get("parts/fit_job1_l0_Y1") == b"123"
    assert ran.outcome is not None
    assert not any("snplist" in note for note in ran.outcome.verdict.notes), "what was linked was not written"
