"""The examples of the docs on small made-up data, with real CellProfiler, CytoTable, ImageJ, PLINK 2 and Python."""

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.e2e.conftest import ROOT, Result

from platerunner.local.painted_plate import CHANNELS, make_plate

EXAMPLES = ROOT / "docs" / "examples"
IMAGEJ = Path("/usr/share/java/ij.jar")
BY_HAND = Path(__file__).with_name("cells_by_hand.py")
HEADLESS = Path(__file__).with_name("HeadlessImageJ.java")
PLATE = "BR1__2026-11-02T16_02_51-Measurement 1"
TESTED = "snp7"  # the variant of chromosome 2 that makes bmi

pytestmark = [pytest.mark.cellprofiler, pytest.mark.timeout(900)]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the specs, where the programs of this machine stand for the labs' images."""
    shutil.copytree(EXAMPLES, tmp_path / "specs")
    programs = tmp_path / "bin"
    programs.mkdir()
    fiji = programs / "fiji"
    fiji.write_text(
        f'#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 -Djava.awt.headless=true -cp {IMAGEJ} {HEADLESS} "$@"\n'
    )
    fiji.chmod(0o755)
    images = ("fiji:2.16.0", "example.org/lab-track:3", "example.org/lab-gwas:1")
    monkeypatch.setenv("PLATERUNNER_STAND_INS", " ".join(f"{image}={programs}" for image in images))
    return tmp_path


def run(platerunner: Callable[..., Result], lab: Path, name: str, units: dict[str, int], *options: str) -> Path:
    """Run an example twice, the second time for nothing; its workspace."""
    args = ("run", lab / "specs" / f"{name}.yaml", "--local", "--data-root", lab / "data", "--approve-all")
    args = (*args, "--workspace-root", lab / "results", *options)
    first = platerunner(*args, timeout=800)
    assert first.code == 0, first.out + first.err
    done = {
        step: found["succeeded"] + found["done_before"]
        for step, found in first.summary["steps"].items()
        if not step.endswith("_report")
    }
    assert done == units
    again = platerunner(*args)
    assert all(step["done_before"] == step["units"] for step in again.summary["steps"].values()), again.out
    return lab / "results" / name


def needs(program: str, there: object) -> None:
    """Skip where a program is missing; in CI it must be there."""
    if not there:
        assert "CI" not in os.environ, f"{program} is missing"
        pytest.skip(f"no {program}")


def test_phenix_screen(
    platerunner: Callable[..., Result],
    cellprofiler: str,
    cytomining: Path,
    lab: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLATERUNNER_CELLPROFILER", str(shutil.which(cellprofiler)))
    monkeypatch.setenv("PLATERUNNER_CYTOMINING", str(cytomining))
    shutil.copy(ROOT / "dag_specs/pipelines/cell_painting/analysis.cppipe", lab / "specs")
    treatments = ("DMSO", "large nuclei")
    painted = make_plate(lab / "painted", plate="BR1", treatments=treatments, replicates=1, size=128)
    folder = lab / "data" / PLATE / "Images"
    folder.mkdir(parents=True)
    for site in painted:
        for number, channel in enumerate(CHANNELS, 1):
            name = f"r{ord(site.well[0]) - 64:02}c{site.well[1:]}f{site.site:02}p01-ch{number}sk1fk1fl1.tiff"
            (lab / "painted/images/BR1" / f"{site.well}_s{site.site}_{channel}.tiff").rename(folder / name)
    units = {"illum": 1, "apply": 2, "measure": 2, "cells": 1, "profiles": 1}
    results = run(platerunner, lab, "phenix_screen", units, "--param", "pipeline=analysis.cppipe")
    counted = {}
    for table in sorted((results / "m/BR1").rglob("Cells.csv")):
        with table.open(newline="") as stream:
            counted[table.parent.name] = len(list(csv.DictReader(stream)))
    assert list(counted.values()) == [site.cells for site in painted]
    by_hand = compare(cytomining, results)
    assert by_hand.pop("wells") == len(treatments)
    assert max(by_hand.values()) < 1e-9, by_hand


def compare(cytomining: Path, workspace: Path) -> dict[str, float]:
    """How far the profiles are from those that a person makes of the same tables."""
    home = cytomining.parents[1]
    env = {"HOME": str(home / "home"), "PATH": "/usr/bin:/bin"}
    argv = [home / "bin" / "python", BY_HAND, workspace, "m"]
    done = subprocess.run(argv, capture_output=True, text=True, env=env, timeout=500)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_time_lapse(platerunner: Callable[..., Result], lab: Path) -> None:
    needs("ImageJ (on Debian: apt-get install libij-java)", IMAGEJ.exists())
    for t in (2, 10):
        for z in range(2):
            pixels = np.full((16, 16), 10, np.uint8)
            pixels[t, 3 + z] = 100 + 50 * z
            path = lab / f"data/P1/A01/img_t{t:03}_z{z:02}_GFP.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(path, pixels)
    results = run(platerunner, lab, "time_lapse", {"project": 2, "track": 1, "summary": 1})
    with (results / "summary/P1.csv").open(newline="") as stream:
        assert list(csv.reader(stream))[1:] == [[str(t), "GFP", str(t), "4"] for t in (2, 10)]


def test_pooled_barcoding(platerunner: Callable[..., Result], lab: Path) -> None:
    random = np.random.default_rng(7)
    for folder, channels in (("20X_CP_a", 3), ("20X_c1_SBS-1", 5), ("20X_c2_SBS-2", 5)):
        path = lab / "data/B1/images/P1" / folder / "WellA1_PointA1_0000_ChannelX_Seq0001.ome.tiff"
        path.parent.mkdir(parents=True)
        light = np.linspace(1, 2, 32) * (1 + np.arange(channels))[:, None, None]
        pixels = (1000 * light * random.uniform(0.9, 1.1, (channels, 32, 32))).astype(np.uint16)
        tifffile.imwrite(path, pixels, metadata={"axes": "CYX"})
    results = run(platerunner, lab, "pooled_barcoding", {"cp_illum": 1, "cp_apply": 1, "bc_illum": 2, "bc_apply": 1})
    means = {path.stem: tifffile.imread(path).mean() for path in results.rglob("*.tiff")}
    assert len(means) == 3 + 2 * 5
    cycle = [means[f"A01_s0_Cycle2_{channel}"] for channel in ("DNA", "A", "C", "G", "T")]
    np.testing.assert_allclose(np.divide(cycle, cycle[0]), [1, 2, 3, 4, 5], rtol=0.1)


def test_two_step_gwas(platerunner: Callable[..., Result], lab: Path) -> None:
    needs("PLINK 2 (on Debian: apt-get install plink2)", shutil.which("plink2"))
    data = lab / "data"
    make_genotypes(data)
    options = ("--param", "jobs=2")
    results = run(platerunner, lab, "two_step_gwas", {"l0": 2, "l1": 2, "assoc": 4, "plots": 2}, *options)
    best = {}
    for trait in ("bmi", "height"):
        with (results / f"gwas_{trait}.tsv").open(newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
        assert len(rows) == 40
        best[trait] = min(rows, key=lambda row: float(row["P"]))
    assert (best["bmi"]["#CHROM"], best["bmi"]["ID"]) == ("2", TESTED)
    assert float(best["bmi"]["P"]) < 1e-10 < float(best["height"]["P"])
    told = {trait: json.loads((results / f"gwas_{trait}.json").read_text()) for trait in best}
    assert {trait: (each["tests"], each["hits"] > 0) for trait, each in told.items()} == {
        "bmi": (40, True), "height": (40, False),
    }  # fmt: skip
    assert told["bmi"]["best"][0]["name"] == TESTED


def test_gwas_in_batches(platerunner: Callable[..., Result], lab: Path) -> None:
    """The number of jobs follows from the variants; other batches leave neither a job nor a row of before."""
    needs("PLINK 2 (on Debian: apt-get install plink2)", shutil.which("plink2"))
    make_genotypes(lab / "data")
    for size, number in ((7, 6), (11, 4), (20, 2)):
        units = {"batches": 2, "assoc": number, "plots": 2}
        option = ("--param", f"variants_per_batch={size}")
        results = run(platerunner, lab, "gwas_in_batches", units, *option)
        with (results / "gwas_bmi.tsv").open(newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
        assert [(row["#CHROM"], row["ID"]) for row in rows] == [(c, f"snp{i}") for c in "12" for i in range(20)]
        assert min(rows, key=lambda row: float(row["P"]))["ID"] == TESTED


def make_genotypes(data: Path) -> None:
    """200 people whose bmi follows one variant of chromosome 2, and whose height follows none."""

    def plink(*words: object) -> None:
        subprocess.run(["plink2", "--silent", "--threads", "1", *map(str, words)], check=True, timeout=120)

    for folder in ("array", "geno"):
        (data / folder).mkdir(parents=True)
    plink("--dummy", 200, 50, "--seed", 1, "--make-bed", "--out", data / "array/array")
    for chrom in (1, 2):
        plink("--dummy", 200, 20, "--seed", chrom, "--make-pgen", "--out", data / f"geno/chr{chrom}")
        variants = data / f"geno/chr{chrom}.pvar"
        lines = variants.read_text().splitlines(keepends=True)
        variants.write_text("".join(line if line.startswith("#") else f"{chrom}{line[1:]}" for line in lines))
    plink("--pfile", data / "geno/chr2", "--snp", TESTED, "--export", "A", "--out", data / "dose")
    rows = [line.split() for line in (data / "dose.raw").read_text().splitlines()]
    random = np.random.default_rng(3)
    pheno, covar = ["#IID\tbmi\theight"], ["#IID\tage"]
    for row in rows[1:]:
        pheno.append(f"{row[1]}\t{3 * float(row[6]) + random.normal():.4f}\t{random.normal():.4f}")
        covar.append(f"{row[1]}\t{random.integers(20, 80)}")
    (data / "pheno.tsv").write_text("\n".join(pheno) + "\n")
    (data / "covariates.tsv").write_text("\n".join(covar) + "\n")
    for left in (*data.rglob("*.log"), *data.glob("dose.*")):
        left.unlink(missing_ok=True)
