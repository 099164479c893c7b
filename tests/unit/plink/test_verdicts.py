"""What becomes of runs of the real PLINK 2 and 1.9 on small data, in one process: prepared, run, read, judged."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from tests.unit.bench import data_file, folder_bench

from platerunner_unit import tools
from platerunner_unit.contract.evidence import Evidence, OutputFound, Verdict
from platerunner_unit.contract.manifest import InputFile, OutputFile, StepTask, UnitTask
from platerunner_unit.judge import judge
from platerunner_unit.regenie.genotypes import GenotypesError, read_pgen
from platerunner_unit.tools.job import Job, Settings, WorkFolder

SAMPLES, VARIANTS = 40, 12
PEOPLE = [f"per{n}" for n in range(SAMPLES)]
TRAITS = ("bmi", "height")
GLM = "--glm hide-covar --covar-variance-standardize"
OF_2 = ("plink2 --pfile {inputs.geno} --pheno {inputs.pheno} --covar {inputs.covar}", GLM, "{}.glm.linear")
OF_1 = (
    "plink1.9 --bfile {inputs.geno} --pheno {inputs.pheno} --covar {inputs.covar} --allow-no-sex",
    "--all-pheno --linear hide-covar",
    "{}.assoc.linear",
)
Change = Callable[[str], str]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Genotypes of both versions, of one folder."""
    for program in ("plink2", "plink1.9"):
        if not shutil.which(program):
            assert "CI" not in os.environ, f"{program} is missing"
            pytest.skip(f"no {program} (on Debian: apt-get install {program})")
    folder = tmp_path_factory.mktemp("geno")
    dummy = ("plink2", "--silent", "--threads", "1", "--dummy", SAMPLES, VARIANTS, "--seed", 1, "--out", folder / "g")
    for kind in ("--make-pgen", "--make-bed"):
        subprocess.run([*map(str, dummy), kind], check=True, timeout=120)
    return folder


def table(columns: Sequence[str], *, constant: str = "") -> str:
    random = Random(3)
    rows = (["0", name, *("3" if c == constant else f"{random.gauss(0, 1):.4f}" for c in columns)] for name in PEOPLE)
    return "".join("\t".join(row) + "\n" for row in (["FID", "IID", *columns], *rows))


PHENO, COVAR = table(TRAITS), table(["age"])
OWN_IDS = "#" + "".join(f"{line.partition(chr(9))[2]}\n" for line in PHENO.splitlines())
FOLLOWING = "".join(f"{line}\t{line.split()[2].replace('age', 'old')}\n" for line in COVAR.splitlines())


class Case(NamedTuple):
    """A change to good inputs, the command or what was written, and what the verdict is then."""

    category: str
    says: str
    pheno: str = PHENO
    covar: str = COVAR
    more: str = ""
    geno: Callable[[bytes], bytes] = bytes
    wrote: Change = str


def without(text: str, names: Sequence[str]) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if line.split("\t")[1] not in names)


ROWS = f"{VARIANTS * 2} tests have a row, which is all variants of 2 traits."
BOTH = {
    "good": Case("succeeded", ROWS),
    "filtered": Case("succeeded", "tests have a row", more="--maf 0.4"),
    "decimal commas": Case("input_unreadable", "is no number", pheno=PHENO.replace(".", ",")),
    "no such samples": Case("input_unreadable", "has none of the 40 samples", pheno=PHENO.replace("per", "P")),
    "others": Case("input_unreadable", "lacks 1 of 40 samples", pheno=PHENO.replace("per39", "per99")),
    "fewer covariates": Case("input_unreadable", "lacks 2 of 40", covar=without(COVAR, PEOPLE[:2])),
    "a part of the samples": Case("succeeded", ROWS, pheno=without(PHENO, PEOPLE[:9])),
    "cut genotypes": Case("input_unreadable", "g.", geno=lambda whole: whole[:-3]),
    "no variant": Case("nothing_matched", "PLINK stopped", more="--chr 7"),
    "a typing error": Case("misconfigured", "PLINK stopped", more="--sturcture"),
    "a row lost": Case("input_unreadable", "1 of 24 tests have no row", wrote=lambda t: t[: t[:-1].rindex("\n") + 1]),
    "a row cut": Case("out_of_disk", "is cut although plink ended", wrote=lambda t: t[:-4]),
    "third trait": Case("misconfigured", "tests iron and has no output", pheno=table([*TRAITS, "iron"])),
}
ALONE = {
    "constant trait": (
        Case("input_unreadable", "height' is constant", pheno=table(TRAITS, constant="height")),
        Case(
            "input_unreadable",
            "missing: Skipping --linear since phenotype is constant",
            pheno=table(TRAITS, constant="height"),
        ),
    ),
    "covariates that follow": (
        Case("input_unreadable", "could not be inverted", covar=FOLLOWING),
        Case("input_unreadable", "No test of bmi, height has a p-value", covar=FOLLOWING),
    ),
    "header of version 2": (
        Case("succeeded", ROWS, pheno=OWN_IDS),
        Case("input_unreadable", "does not begin with FID and IID, or with #FID and IID", pheno=OWN_IDS),
    ),
}
CASES = [
    *((name, version, case) for name, case in BOTH.items() for version in (2, 1)),
    *((name, version, cases[2 - version]) for name, cases in ALONE.items() for version in (2, 1)),
]


def inputs(tmp_path: Path, lab: Path, case: Case, version: int) -> dict[str, tuple[InputFile, ...]]:
    bench = folder_bench(tmp_path)
    first, *others = ("pgen", "pvar", "psam") if version == 2 else ("bed", "bim", "fam")
    files = {f"g.{first}": case.geno((lab / f"g.{first}").read_bytes())}
    files |= {f"g.{end}": (lab / f"g.{end}").read_bytes() for end in others}
    geno = tuple(data_file(bench, name, content) for name, content in files.items())
    tables = {"pheno": case.pheno, "covar": case.covar}
    return {"geno": geno} | {name: (data_file(bench, f"{name}.tsv", text.encode()),) for name, text in tables.items()}


def judged(tmp_path: Path, lab: Path, case: Case, version: int) -> Verdict:
    line, tests, name = OF_2 if version == 2 else OF_1
    names = [name.format(f"x.{trait}") for trait in TRAITS]
    argv = (*line.split(), *tests.split(), *case.more.split(), "--out", "{out}/x")
    step = StepTask(
        pipeline="p", run_id="r1", step="s", submission=1, module="m", tool="plink", argv=argv, roots={},
        requested={"vcpus": 1, "memory": 2**28},
    )  # fmt: skip
    outputs = {"o": tuple(OutputFile(each) for each in names)}
    read = inputs(tmp_path, lab, case, version)
    folder = WorkFolder.create(tmp_path / "work", "f1")
    unit = UnitTask(unit="u", values={}, fingerprint="f1", inputs=read, outputs=outputs)
    for files in read.values():
        for file in files:
            folder.path_of(file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(tmp_path / "data" / file.key, folder.path_of(file))
    job, tool = Job(step, unit, folder, Settings()), tools.get("plink")
    if problems := tool.prepare(job):
        return judge(Evidence(tool="plink", started=False, preflight=problems, **tool.evidence(job)))
    done = subprocess.run(tool.command(job), cwd=folder.out, capture_output=True, text=True, timeout=120, check=False)
    if (last := folder.out / names[-1]).exists():
        last.write_text(case.wrote(last.read_text()))
    found = tuple(OutputFound(n, (folder.out / n).stat().st_size if (folder.out / n).exists() else None) for n in names)
    said = tuple((done.stdout + done.stderr).splitlines())
    return judge(
        Evidence(tool="plink", exit_code=done.returncode, tail=said, outputs=found, **tool.evidence(job, said))
    )


@pytest.mark.parametrize(("name", "version", "case"), CASES, ids=[f"{n} {v}" for n, v, _ in CASES])
def test_a_run_is_called_what_it_was(tmp_path, lab, name, version, case) -> None:
    found = judged(tmp_path, lab, case, version)
    assert (found.category, case.says in found.sentence) == (case.category, True), found
    assert found.category == "succeeded" or found.hint


def test_a_pgen_that_is_cut_anywhere_is_seen(tmp_path, lab) -> None:
    """PLINK itself sees it only when it has come to the place, perhaps after hours."""
    files = [tmp_path / f"g.{end}" for end in ("pgen", "pvar", "psam")]
    for path in files:
        shutil.copy(lab / path.name, path)
    whole = files[0].read_bytes()
    assert read_pgen(*files).samples == SAMPLES
    for size in range(12, len(whole)):
        files[0].write_bytes(whole[:size])
        with pytest.raises(GenotypesError, match=r"g\.pgen"):
            read_pgen(*files)
