"""A small GWAS with PLINK 2 and numpy: traits are predicted from the array, then PLINK tests each variant beside that.

gwas.py part JOB JOBS TARGET PHENO BED BIM FAM      predictions by every JOBS-th variant of the array
gwas.py fit TRAIT TARGET PHENO COVAR PART...        the covariates, and one prediction of all parts
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

Table = dict[str, np.ndarray]


def read(path: Path, sep: str = "\t") -> tuple[list[str], Table]:
    """The samples of a table, and its columns of numbers."""
    with path.open(newline="") as stream:
        rows = list(csv.reader(stream, delimiter=sep))
    head = [name.lstrip("#") for name in rows[0]]
    columns = {name: [row[i] for row in rows[1:]] for i, name in enumerate(head)}
    samples = columns.pop("IID")
    skip = {"FID", "PAT", "MAT", "SEX", "PHENOTYPE"}
    return samples, {n: np.array(v, float) for n, v in columns.items() if n not in skip}


def write(path: Path, samples: list[str], columns: Table) -> None:
    """Write a table that PLINK reads."""
    lines = [["#IID", *columns], *([s, *(f"{v[i]:.8g}" for v in columns.values())] for i, s in enumerate(samples))]
    path.write_text("".join("\t".join(line) + "\n" for line in lines))


def plink(*words: object) -> None:
    """Run PLINK 2; what it says goes to the log."""
    subprocess.run(["plink2", "--threads", "1", *map(str, words)], check=True, stdout=sys.stderr)


def predict(known: np.ndarray, trait: np.ndarray, penalty: float) -> np.ndarray:
    """Ridge regression's prediction of a trait."""
    known = (known - known.mean(0)) / np.maximum(known.std(0), 1e-9)
    weights = np.linalg.solve(known.T @ known + penalty * np.eye(known.shape[1]), known.T @ (trait - trait.mean()))
    return known @ weights


def by_suffix(files: list[str]) -> list[object]:
    """The options that name PLINK's files."""
    return [word for file in files for word in (f"--{Path(file).suffix[1:]}", file)]


def part(job: str, jobs: str, target: str, pheno: str, *array: str) -> None:
    """Predict each trait from a part of the array."""
    with tempfile.TemporaryDirectory() as folder:
        (bim,) = (file for file in array if file.endswith(".bim"))
        variants = [line.split()[1] for line in Path(bim).read_text().splitlines()][int(job) - 1 :: int(jobs)]
        chosen = Path(folder, "chosen")
        chosen.write_text("\n".join(variants) + "\n")
        plink(*by_suffix(list(array)), "--extract", chosen, "--export", "A", "--out", f"{folder}/part")
        samples, doses = read(Path(folder, "part.raw"))
    values = np.nan_to_num(np.column_stack(list(doses.values())))
    people, traits = read(Path(pheno))
    order = [people.index(sample) for sample in samples]
    write(Path(target), samples, {name: predict(values, trait[order], len(variants)) for name, trait in traits.items()})


def fit(trait: str, target: str, pheno: str, covar: str, *parts: str) -> None:
    """Put one prediction of those of all parts beside the covariates."""
    samples, _ = read(Path(parts[0]))
    people, traits = read(Path(pheno))
    known, covariates = read(Path(covar))
    predictions = np.column_stack([read(Path(file))[1][trait] for file in parts])
    fitted = predict(predictions, traits[trait][[people.index(sample) for sample in samples]], 1)
    order = [known.index(sample) for sample in samples]
    write(Path(target), samples, {name: values[order] for name, values in covariates.items()} | {"PRED": fitted})


if __name__ == "__main__":
    {"part": part, "fit": fit}[sys.argv[1]](*sys.argv[2:])
