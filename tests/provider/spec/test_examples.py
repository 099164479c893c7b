"""The examples of the docs: short, valid, and planned on made-up data to the right number of units."""

import itertools
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from platerunner.cli import app

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
PHENIX = [
    f"{plate}__2026-11-02T16_02_51-Measurement 1/Images/r{row:02}c02f{site:02}p01-ch{channel}sk1fk1fl1.tiff"
    for plate, row, site, channel in itertools.product(("BR1", "BR2"), (1, 2, 3), (1, 2), range(1, 6))
]
LAPSE = [f"P1/{w}/img_t{t:03}_z{z:02}_GFP.tif" for w, t, z in itertools.product(("A01", "A02"), range(3), range(2))]
NIKON = "B1/images/P1/{}/WellA1_PointA1_000{}_ChannelX_Seq0001.ome.tiff"
POOLED = [
    NIKON.format(folder, site)
    for folder, site in itertools.product(("20X_CP_a", "20X_c1_SBS-1", "20X_c2_SBS-2"), (0, 1))
]
GWAS = [
    "pheno.tsv",
    "covariates.tsv",
    *(f"array/array.{ext}" for ext in ("bed", "bim", "fam")),
    *(f"geno/chr{chrom}.{ext}" for chrom in (1, 2, "X") for ext in ("pgen", "psam", "pvar")),
]
REGENIE = [
    *("pheno.txt", "covar.txt", "step1/fit_pred.list", "step1/fit_1.loco", "step1/fit_2.loco"),
    *(f"{name}/chr{chrom}.bgen" for name in ("imputed", "exomes", "wgs") for chrom in (1, 2, "X")),
    *(f"{name}/all.sample" for name in ("imputed", "exomes", "wgs")),
]
CASES = {
    "phenix_screen": (
        PHENIX,
        ["--param", "pipeline=analysis.cppipe"],
        {"illum": 2, "apply": 6, "measure": 6, "cells": 2, "profiles": 2},
    ),
    "time_lapse": (LAPSE, [], {"project": 6, "track": 2, "summary": 1}),
    "pooled_barcoding": (POOLED, [], {"cp_illum": 1, "cp_apply": 2, "bc_illum": 2, "bc_apply": 2}),
    "one_file_one_run": (
        ["incoming/P1/A01_s1_DNA.tif", "incoming/P1/done.txt", "incoming/P2/A01_s1_DNA.tif"],
        ["--param", "plate=P1"],
        {"illum": 1},
    ),
    "two_step_gwas": (GWAS, ["--param", "jobs=3"], {"l0": 3, "l1": 2, "assoc": 6, "plots": 2}),
    # How many jobs test is known once the lists are there.
    "gwas_in_batches": (GWAS, [], {"batches": 3, "assoc": 0, "plots": 0}),
    "regenie_step2": (REGENIE, ["--param", "regenie=3.6"], {"test": 6, "plots": 4}),
}


def test_every_example_is_planned() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_an_example_is_short_and_plans_what_its_files_say(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    files, options, counts = CASES[name]
    shutil.copytree(EXAMPLES, tmp_path / "specs")
    shutil.copy(EXAMPLES.parents[1] / "dag_specs/pipelines/cell_painting/analysis.cppipe", tmp_path / "specs")
    for key in files:
        path = tmp_path / "data" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    spec = tmp_path / "specs" / f"{name}.yaml"
    assert len(spec.read_text().splitlines()) < 60
    done = CliRunner().invoke(app, ["plan", str(spec), "--data-root", str(tmp_path / "data"), *options])
    assert done.exit_code == 0, done.output
    planned = {step: int(count) for step, count in re.findall(r"^(\w+): 0 done, (\d+) pending", done.stdout, re.M)}
    assert {step: count for step, count in planned.items() if not step.endswith("_report")} == counts
