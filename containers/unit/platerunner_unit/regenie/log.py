"""Reads regenie's log: stdout and the log file hold the same, but some errors reach stdout or stderr alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Callable, Optional

from platerunner_unit.contract.regenie import RegenieLog

ERROR = re.compile(r"ERROR: *(.+)")
# What ends the program without any message of its own: the loader, the shell, C++, OpenMP, the PGEN library.
ABRUPT = re.compile(
    r"error while loading shared libraries: .+|command not found|No such file or directory$|terminate called .+|"
    r"what\(\): .+|libgomp: .+|Pg[rf]\w+\(\) .+|.*bad_alloc.*"
)
WARNING = re.compile(r"WARNING: *(.+)")
TRAIT = re.compile(r" +- '(.+)': (?:\d+ observations|\d+ cases and \d+ controls|\d+ events .*)")
CHROMOSOME = re.compile(r"Chromosome (\w+)\b")
RESULT = re.compile(r"\* \[(.+)\]")
NO_PREDICTIONS = re.compile(r" +\+ (\d+) individuals with missing LOCO predictions will be ignored")
LOCO_OF = re.compile(r" +-file \[.*\] for phenotype '(.+)'")
NUMBERS = {
    "variants": re.compile(r"n_(?:snps|variants) = (\d+)|named samples and (\d+) variants|samples and (\d+) variants"),
    "samples": re.compile(r"n_samples = (\d+)|with (\d+) named samples|with (\d+) (?:anonymous )?samples and"),
    "remaining": re.compile(r"number of variants remaining in the analysis = (\d+)"),
    "blocked": re.compile(r"# blocks +: \[\d+\] for (\d+) variants"),
    "blocks": re.compile(r"# blocks +: \[(\d+)\] for \d+ variants"),
    "ridges": re.compile(r"ridge data_l0 +: \[ (\d+) :"),
    "phenotyped": re.compile(r"number of phenotyped individuals .*= (\d+)"),
    "with_covariates": re.compile(r"number of individuals with covariate data = (\d+)"),
    "analysed": re.compile(r"number of individuals used in analysis = (\d+)"),
    "ignored": re.compile(r"Number of ignored tests due to low MAC (?:or info score )?: (\d+)"),
    "kept": re.compile(r"number of genotyped individuals to keep in the analysis = (\d+)"),
}
ONE_FILE = re.compile(r"Association results stored in file : ")
SECTION = re.compile(r" \* (\w[\w #]*?) *:")
NAN = re.compile(r"= -?nan\b")


def read(texts: Iterable[str]) -> RegenieLog:
    """What the log says.

    :param texts: stdout, stderr and the log file, in any order; what several of them say counts once.
    """
    log = RegenieLog()
    for text in texts:
        log = _merge(log, _read_one(text))
    return log


def _merge(one: RegenieLog, other: RegenieLog) -> RegenieLog:
    """What both say, and of two values the fuller one: stdout or log may lack lines."""
    merged = {name: max(getattr(one, name), getattr(other, name), key=_known) for name in RegenieLog.__annotations__}
    for name in ("errors", "warnings"):
        merged[name] = tuple(dict.fromkeys((*getattr(one, name), *getattr(other, name))))
    return RegenieLog(**merged)


def _known(value: object) -> int:
    if isinstance(value, tuple):
        return len(value)
    return int(bool(value) or (value == 0 and value is not False))


def _read_one(text: str) -> RegenieLog:
    lines = text.splitlines()
    found: dict[str, object] = {name: _number(pattern, lines) for name, pattern in NUMBERS.items()}
    return replace(
        RegenieLog(
            ended=any(line.startswith("End time:") for line in lines),
            section=_section(lines),
            errors=tuple(_errors(lines)),
            warnings=_all(WARNING, lines),
            traits=_all(TRAIT, lines),
            chromosomes=tuple(dict.fromkeys(_all(CHROMOSOME, lines, re.Pattern.match))),
            results=_results(lines),
            no_predictions=tuple(_without_predictions(lines)),
            nan=any(NAN.search(line) for line in lines),
        ),
        **found,  # type: ignore[arg-type]
    )


def _errors(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        if (said := ERROR.search(line)) is not None:
            yield said[1].strip()
        elif (said := ABRUPT.search(line)) is not None:
            yield said[0].strip()


def _section(lines: Iterable[str]) -> str:
    """The input that regenie was reading when the first error came; empty if there is none."""
    section = ""
    for line in lines:
        if (begun := SECTION.match(line)) is not None:
            section = begun[1]
        if ERROR.search(line):
            return section
    return ""


def _all(
    pattern: re.Pattern[str], lines: Iterable[str], how: Callable[..., Optional[re.Match[str]]] = re.Pattern.search
) -> tuple[str, ...]:
    return tuple(found[1].strip() for line in lines if (found := how(pattern, line)) is not None)


def _number(pattern: re.Pattern[str], lines: Iterable[str]) -> Optional[int]:
    for line in lines:
        if (found := pattern.search(line)) is not None:
            return int(next(group for group in found.groups() if group is not None))
    return None


def _results(lines: list[str]) -> Optional[int]:
    if any(ONE_FILE.match(line) for line in lines):
        return 1
    at = next((n for n, line in enumerate(lines) if line.startswith("Association results stored separately")), None)
    return None if at is None else len(_all(RESULT, lines[at:], re.Pattern.match))


def _without_predictions(lines: Iterable[str]) -> Iterable[str]:
    """Traits whose predictions of step 1 are of other samples: the line below the file's says how many lack them."""
    trait = ""
    for line in lines:
        if (file := LOCO_OF.match(line)) is not None:
            trait = file[1]
        elif NO_PREDICTIONS.match(line) and trait:
            yield trait
