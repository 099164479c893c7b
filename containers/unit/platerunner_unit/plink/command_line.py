"""What a command line of PLINK asks for, from the line alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

from platerunner_unit.contract.regenie import RegenieAsked
from platerunner_unit.regenie.command_line import chromosomes_of, options_of

TESTS = {"glm", "assoc", "linear", "logistic"}
PICKS_SAMPLES = {"keep", "remove", "keep-fam", "remove-fam", "keep-if", "remove-if", "filter", "mind", "prune"}
NUMBERS = {"X": "23", "Y": "24", "XY": "25", "PAR1": "25", "PAR2": "25", "MT": "26", "M": "26"}
OWN = "PHENO1"
"""What PLINK 2 calls the trait of the sample file itself."""
_FILES = {"bfile": ("bed", "bim", "fam"), "pfile": ("pgen", "pvar", "psam")}


def is_plink_2(argv: Sequence[str]) -> bool:
    """Whether the program is PLINK 2, by its name."""
    return "plink2" in Path(argv[0]).name


def asked_of(argv: Sequence[str], columns: Sequence[str] = ()) -> RegenieAsked:
    """What a command asks for: step 2 stands for tests of variants.

    :param argv: with the program's name.
    :param columns: the traits that the phenotypes have.
    """
    options = options_of(argv[1:])
    tests = bool(TESTS & set(options))
    labels = chromosomes_of(options.get("chr", ""))
    return RegenieAsked(
        step=2 if tests else None,
        traits=tuple(_traits(argv, options, columns)) if tests else (),
        picks_samples=bool(PICKS_SAMPLES & set(options)),
        chromosomes=tuple(dict.fromkeys(map(chromosome, labels))),
        single_tests=options.get("xchr-model") != "0",  # without a row for X
        genotypes=next((kind for kind in ("bed", "pgen", "bgen") if genotypes_of(options).get(kind)), ""),
    )


def _traits(argv: Sequence[str], options: Mapping[str, str], columns: Sequence[str]) -> Sequence[str]:
    if "pheno-name" in options:
        return [name for name in options["pheno-name"].split(",") if name]
    if not is_plink_2(argv) and "all-pheno" not in options:
        at = int(options.get("mpheno") or 1) - 1
        return columns[at : at + 1] or [OWN]
    return columns or [OWN]


def genotypes_of(options: Mapping[str, str]) -> dict[str, str]:
    """The genotype files that a command names, by what they are; what PLINK unpacks or converts is not looked at.

    :param options: without dashes, with their values.
    """
    for option, ends in _FILES.items():
        if options.get(option):
            return {end: f"{options[option]}.{end}" for end in ends} if "," not in options[option] else {}
    if options.get("bgen"):
        return {"bgen": options["bgen"].split(",")[0], "sample": options.get("sample", "")}
    return {end: options[end] for ends in _FILES.values() for end in ends if options.get(end)}


def table_of(options: Mapping[str, str], option: str) -> tuple[Optional[str], bool]:
    """The table that an option names, and whether samples are known by their own ID alone.

    :param options: without dashes, with their values.
    :param option: ``pheno`` or ``covar``.
    """
    *modifiers, name = options.get(option, "").split(",")
    return name or None, "iid-only" in modifiers


def chromosome(label: str) -> str:
    """A chromosome as PLINK 1.9 writes it, in numbers.

    :param label: such as ``chrX`` or ``04``.
    """
    bare = label.strip().upper().removeprefix("CHR")
    return NUMBERS.get(bare, bare.lstrip("0") or bare)
