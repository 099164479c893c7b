"""The checks before the start: faults that regenie reads over silently, and how many tests there should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Optional, TypeVar

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.contract.regenie import LOCO_ROWS, RegenieAsked
from platerunner_unit.regenie.command_line import asked_of, options_of
from platerunner_unit.regenie.genotypes import Genotypes, GenotypesError, read_bed, read_bgen, read_pgen
from platerunner_unit.regenie.samples import SampleTable, TableError, read_table

C = Category
Read = TypeVar("Read")
GENOTYPES_HINT = "Replace the genotype files by good copies; their tables belong to one export."
TABLE_HINT = "Correct the table where the sentence says, then clear the task."
NARROWING = {"exclude", "range", "extract-or", "exclude-or", "nb", "starting-block", "sex-specific", "condition-list"}


@dataclass(frozen=True)
class Inputs:
    """What the checks found.

    :param asked: what the command asks for, with the numbers that follow from its inputs.
    :param problems: what stands against the start.
    """

    asked: RegenieAsked
    problems: tuple[PreflightProblem, ...] = ()


def check(argv: Sequence[str], folder: Path) -> Inputs:
    """Look at each input that a command names.

    :param argv: of regenie, without its name.
    :param folder: that relative paths begin in.
    """
    options = options_of(argv)
    problems: list[PreflightProblem] = []
    look = partial(look_at, problems)
    genotypes = look(lambda: _genotypes(options, folder), GENOTYPES_HINT)
    table = look(lambda: _table(options, folder, "phenoFile", _names(options, "phenoColList", "phenoCol")), TABLE_HINT)
    look(lambda: _covariates(options, folder), TABLE_HINT)
    asked = _asked(argv, options, folder, genotypes, table)
    problems.extend(_predictions(options, folder, asked))
    return Inputs(asked, tuple(problems))


def look_at(problems: list[PreflightProblem], read: Callable[[], Optional[Read]], hint: str) -> Optional[Read]:
    """What is read, or None and a problem more.

    :param problems: gets what stands against the start.
    :param read: reads an input.
    :param hint: what to do if it cannot be read.
    """
    try:
        return read()
    except (GenotypesError, TableError) as error:
        problems.append(PreflightProblem(C.INPUT_UNREADABLE.value, f"{error}.", hint))
    except FileNotFoundError as error:
        problems.append(PreflightProblem(C.INPUT_MISSING.value, f"{error.filename} is not there.", hint))
    return None


def _genotypes(options: Mapping[str, str], folder: Path) -> Optional[Genotypes]:
    if "bed" in options:
        return read_bed(*(folder / f"{options['bed']}.{end}" for end in ("bed", "bim", "fam")))
    if "pgen" in options:
        return read_pgen(*(folder / f"{options['pgen']}.{end}" for end in ("pgen", "pvar", "psam")))
    if "bgen" in options:
        return read_bgen(folder / options["bgen"], folder / options["sample"] if "sample" in options else None)
    return None


def _table(options: Mapping[str, str], folder: Path, option: str, names: Sequence[str]) -> Optional[SampleTable]:
    return read_table(folder / options[option], names) if option in options else None


def _covariates(options: Mapping[str, str], folder: Path) -> Optional[SampleTable]:
    if "covarFile" not in options:
        return None
    text = _names(options, "catCovarList")
    names = [*_names(options, "covarColList", "covarCol"), *text] if _names(options, "covarColList", "covarCol") else []
    return read_table(folder / options["covarFile"], names, text)


def _names(options: Mapping[str, str], *given: str) -> list[str]:
    return [name for option in given for name in options.get(option, "").split(",") if name]


def _asked(
    argv: Sequence[str],
    options: Mapping[str, str],
    folder: Path,
    genotypes: Optional[Genotypes],
    table: Optional[SampleTable],
) -> RegenieAsked:
    asked = asked_of(argv)
    if not asked.traits and table is not None:
        asked = replace(asked, traits=table.columns)
    if genotypes is None:
        return asked
    # Phenotypes of a part of a biobank are the rule: only where both have as many samples is one that is left out lost.
    narrowed = table is not None and len(table.samples) != genotypes.samples
    variants = _count(asked, options, folder, genotypes)
    return replace(asked, samples=genotypes.samples, variants=variants, picks_samples=asked.picks_samples or narrowed)


def _count(asked: RegenieAsked, options: Mapping[str, str], folder: Path, genotypes: Genotypes) -> Optional[int]:
    """How many variants are to be worked on; None if the command narrows them in a way that is not counted here."""
    if asked.part == "run-l0" or NARROWING & set(options):
        return None
    if "extract" not in options:
        return sum(count for label, count in genotypes.variants.items() if label in (asked.chromosomes or {label}))
    # All that the list names should be there: fewer are a loss, which regenie does not mention.
    return len(set((folder / options["extract"].split(",")[0]).read_text().split()))


def _predictions(options: Mapping[str, str], folder: Path, asked: RegenieAsked) -> Iterator[PreflightProblem]:
    """Problems of step 1's list: each trait needs a line, and each file 23 rows of samples without `nan`."""
    path = folder / options["pred"] if options.get("pred") else None
    if path is None or not path.is_file():
        return
    listed = dict(line.rsplit(None, 1) for line in path.read_text().splitlines() if len(line.split()) > 1)
    for trait in asked.traits:
        if trait not in listed:
            sentence = f"{path.name} names no predictions of {trait}, so it would be left out."
            yield PreflightProblem(C.INPUT_UNREADABLE.value, sentence, "Run step 1 for all traits of step 2.")
    for name in listed.values():
        if name.endswith(".gz") or not (folder / name).is_file():
            continue
        lines = (folder / name).read_text().splitlines()
        if len(lines) != LOCO_ROWS + 1 or any("nan" in line for line in lines[1:]):
            sentence = (
                f"{Path(name).name} is no whole file of predictions: {max(len(lines) - 1, 0)} rows of {LOCO_ROWS}"
            )
            sentence = f"{sentence}, or values that are no numbers."
            yield PreflightProblem(C.INPUT_UNREADABLE.value, sentence, "Clear step 1, whose result this is.")
