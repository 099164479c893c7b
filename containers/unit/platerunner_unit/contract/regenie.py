"""What a run of regenie was asked for, said and left, as plain data: the judge looks at nothing else of it.

regenie ends with 0 and "End time" also when work is lost: on a full disk, with an input that is cut between two
records, or when a trait's model does not converge. So success is what adds up, never what the exit code says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

LOCO_ROWS = 23
"""Rows of a LOCO file, one a chromosome, whatever chromosomes the data have (regenie 4.1.2)."""


@dataclass(frozen=True)
class RegenieAsked:
    """What one command was to do.

    :param step: 1 or 2; None if it was asked for neither, such as for its version.
    :param part: ``split-l0``, ``run-l0`` or ``run-l1`` of a step 1 in parts; empty for a whole one.
    :param traits: names of the traits; empty if they are not known.
    :param variants: how many variants it was to work on; None if that is not known.
    :param samples: how many samples the genotypes should have; None if that is not known.
    :param picks_samples: whether ``--keep``, ``--remove`` or phenotypes of other samples narrow them on purpose.
    :param chromosomes: those that ``--chr`` and ``--chrList`` name, X and its like as 23.
    :param single_tests: whether each variant is a test of its own, so that rows and ignored tests add up.
    :param genotypes: ``bed``, ``bgen`` or ``pgen``; empty if it is not known.
    """

    step: Optional[int] = None
    part: str = ""
    traits: tuple[str, ...] = ()
    variants: Optional[int] = None
    samples: Optional[int] = None
    picks_samples: bool = False
    chromosomes: tuple[str, ...] = ()
    single_tests: bool = True
    genotypes: str = ""


@dataclass(frozen=True)
class RegenieLog:
    """What it wrote to its log file, or to stdout and stderr.

    :param ended: whether the line ``End time`` came.
    :param section: what it was reading when it gave up, such as ``covariates``.
    :param errors: the text of each ``ERROR:`` line, and of what libraries say on stderr when they end the program.
    :param warnings: the text of each ``WARNING:``.
    :param traits: the traits that it lists with their numbers of observations, in order.
    :param variants: of the genotype files, as they claim.
    :param remaining: variants left after ``--extract``, ``--exclude``.
    :param blocked: variants in the blocks of step 1.
    :param blocks: how many blocks these are.
    :param ridges: ridge parameters of level 0.
    :param samples: of the genotype files, as they claim.
    :param kept: samples that ``--keep`` left.
    :param phenotyped: samples with phenotypes.
    :param with_covariates: samples with covariates.
    :param analysed: samples used in the analysis.
    :param chromosomes: that it came to.
    :param ignored: tests left out for their low minor allele count.
    :param results: how many files of results it lists at the end; None if it came to no list.
    :param no_predictions: traits of which most samples lack predictions of step 1.
    :param nan: whether a fit is not a number.
    """

    ended: bool = False
    section: str = ""
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    variants: Optional[int] = None
    remaining: Optional[int] = None
    blocked: Optional[int] = None
    blocks: Optional[int] = None
    ridges: Optional[int] = None
    samples: Optional[int] = None
    kept: Optional[int] = None
    phenotyped: Optional[int] = None
    with_covariates: Optional[int] = None
    analysed: Optional[int] = None
    chromosomes: tuple[str, ...] = ()
    ignored: Optional[int] = None
    results: Optional[int] = None
    no_predictions: tuple[str, ...] = ()
    nan: bool = False


@dataclass(frozen=True)
class RegenieOutput:
    """An output that was asked for, as it was found.

    :param name: its path.
    :param trait: whose it is; empty for one of all traits.
    :param size: bytes; None if it is not there, or not of this run.
    :param rows: without the header; None for a file that is not a table.
    :param whole: False if its last row or its compressed end is cut.
    :param columns: of its header; None if it is not known.
    :param chromosomes: of its rows.
    :param nan: whether it holds no number where numbers should be.
    """

    name: str
    trait: str = ""
    size: Optional[int] = None
    rows: Optional[int] = None
    whole: bool = True
    columns: Optional[int] = None
    chromosomes: tuple[str, ...] = ()
    nan: bool = False


@dataclass(frozen=True)
class RegenieRun:
    """All of it."""

    asked: RegenieAsked = RegenieAsked()
    log: RegenieLog = RegenieLog()
    outputs: tuple[RegenieOutput, ...] = ()
