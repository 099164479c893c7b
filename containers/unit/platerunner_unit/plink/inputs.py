"""The checks before PLINK starts: faults that it, or its version 1.9, reads over silently, and one output a trait."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Optional

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.contract.regenie import RegenieAsked
from platerunner_unit.plink.command_line import asked_of, genotypes_of, is_plink_2, table_of
from platerunner_unit.regenie.command_line import options_of
from platerunner_unit.regenie.genotypes import Genotypes, read_bed, read_bgen, read_pgen
from platerunner_unit.regenie.inputs import GENOTYPES_HINT, TABLE_HINT, Inputs, look_at
from platerunner_unit.regenie.samples import REGENIE, SampleTable, read_people, read_table
from platerunner_unit.regenie.tables import PLINK, trait_of

C = Category
OF_1 = (*REGENIE, ("#FID", "IID"))
OF_2 = (*OF_1, ("#IID",), ("IID",))
IDS_HINT = (
    "Give the tables the same samples; add a row of NA for one without a value, or pick samples with `--keep` if they "
    "are to be left out."
)
People = Collection[tuple[str, str]]


def check(argv: Sequence[str], folder: Path, outputs: Sequence[str]) -> Inputs:
    """Look at each input that a command names.

    :param argv: of PLINK, with its name.
    :param folder: that relative paths begin in.
    :param outputs: that are asked for.
    """
    options = options_of(argv[1:])
    problems: list[PreflightProblem] = []
    look = partial(look_at, problems)
    files = {kind: folder / name for kind, name in genotypes_of(options).items() if name}
    begins = OF_2 if is_plink_2(argv) else OF_1
    genotypes = look(lambda: _genotypes(files), GENOTYPES_HINT)
    pheno = look(lambda: _table(options, folder, "pheno", begins), TABLE_HINT)
    covar = look(lambda: _table(options, folder, "covar", begins), TABLE_HINT)
    asked = asked_of(argv, pheno.columns if pheno else ())
    if genotypes is not None:
        asked = replace(asked, samples=genotypes.samples, variants=sum(genotypes.variants.values()))
    if not problems:
        problems += _samples(options, files, pheno, covar, picked=asked.picks_samples)
    return Inputs(asked, (*problems, *_outputs(asked, options, outputs)))


def _genotypes(files: Mapping[str, Path]) -> Optional[Genotypes]:
    for read, kinds in ((read_bed, ("bed", "bim", "fam")), (read_pgen, ("pgen", "pvar", "psam"))):
        if set(kinds) <= set(files):
            return read(*(files[kind] for kind in kinds))
    return read_bgen(files["bgen"], files.get("sample")) if "bgen" in files else None


def _table(
    options: Mapping[str, str], folder: Path, option: str, begins: Sequence[tuple[str, ...]]
) -> Optional[SampleTable]:
    name, _ = table_of(options, option)
    names = [name for name in options.get(f"{option}-name", "").split(",") if name]
    return read_table(folder / name, names, begins=begins) if name else None


def _samples(
    options: Mapping[str, str],
    files: Mapping[str, Path],
    pheno: Optional[SampleTable],
    covar: Optional[SampleTable],
    *,
    picked: bool,
) -> Iterator[PreflightProblem]:
    """Who is in genotypes, phenotypes and covariates: a part of a biobank is the rule, other names are not."""
    listed = next((files[kind] for kind in ("fam", "psam", "sample") if kind in files), None)
    if listed is None:
        return
    people: People = set(read_people(listed))
    for option, table in (("pheno", pheno), ("covar", covar)):
        if table is None:
            continue
        name, alone = table_of(options, option)
        have = {("", iid) if alone else (fid, iid) for fid, iid in table.samples}
        wanted = {("", iid) if alone else (fid, iid) for fid, iid in people}
        sentence = _missed(Path(str(name)).name, listed.name, have, wanted, whole=option == "covar" and not picked)
        if sentence:
            yield PreflightProblem(C.INPUT_UNREADABLE.value, sentence, IDS_HINT)
        people = {each for each in people if (("", each[1]) if alone else each) in have}


def _missed(table: str, listed: str, have: People, wanted: People, *, whole: bool) -> str:
    missing = sorted(set(wanted) - set(have))
    if not missing:
        return ""
    first = " ".join(part for part in missing[0] if part)
    if len(missing) == len(wanted):
        return f"{table} has none of the {len(wanted):,} samples of {listed}, such as {first} (family and sample)."
    if whole or len(have) == len(wanted):
        return f"{table} lacks {len(missing):,} of {len(wanted):,} samples that the others have, such as {first}."
    return ""


def _outputs(asked: RegenieAsked, options: Mapping[str, str], outputs: Sequence[str]) -> Iterator[PreflightProblem]:
    if asked.step is None:
        return
    if "zs" in options.get("glm", "").split(","):
        sentence = "Tables that PLINK packs (`--glm zs`) cannot be counted."
        yield PreflightProblem(C.MISCONFIGURED.value, sentence, "Take `zs` out of the step's `argv`.")
    named = {trait_of(name, asked.traits) for name in outputs if PLINK.search(name)}
    missing = [trait for trait in asked.traits if trait not in named]
    if missing:
        sentence = f"The step tests {', '.join(missing)} and has no output for the table."
        hint = (
            "Give each trait an output named as PLINK names its table, such as "
            "`x.{trait}.glm.linear`, or test fewer with `--pheno-name`."
        )
        yield PreflightProblem(C.MISCONFIGURED.value, sentence, hint)
