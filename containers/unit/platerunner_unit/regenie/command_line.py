"""What a command line of regenie asks for, as far as the line alone tells."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Optional

from platerunner_unit.contract.regenie import RegenieAsked

PARTS = ("split-l0", "run-l0", "run-l1")
# Tests of sets, interactions and conditional tests count their rows in other ways than variant by variant.
REDIRECTED = re.compile(r"(?<=\s)\d?>>?(?:&\d|\s*\S+)")
PROGRAM = re.compile(r"(?:^|/)regenie[^/=]*$")
JOINT = {
    "anno-file", "set-list", "mask-def", "interaction", "interaction-snp", "interaction-prs", "interaction-file",
    "vc-tests", "joint", "skat-params", "trait-qts", "multiphen", "mt", "build-mask",
}  # fmt: skip
SEX = {"x", "y", "xy", "par1", "par2"}


def argv_of(line: str) -> list[str]:
    """The arguments of the command of regenie in a shell's line, without the program's name.

    :param line: with whatever stands before it (``cd data &&``) and behind it (``> log``, ``| tee log``).
    """
    words = shlex.shlex(REDIRECTED.sub(" ", line), posix=True, punctuation_chars="|&;<()")
    words.whitespace_split = True
    words.commenters = ""
    tokens = list(words)
    start = next((n for n, word in enumerate(tokens) if PROGRAM.search(word)), len(tokens))
    argv = tokens[start + 1 :]
    end = next((n for n, word in enumerate(argv) if re.fullmatch(r"[|&;<()]+", word)), len(argv))
    return argv[:end]


def options_of(argv: Sequence[str]) -> dict[str, str]:
    """Options and their values; an option without one has an empty value, and of one given twice the last counts.

    :param argv: without the program's name.
    """
    options: dict[str, str] = {}
    name = ""
    for argument in argv:
        if re.match(r"-{1,2}[A-Za-z]", argument):
            name, _, value = argument.lstrip("-").partition("=")
            options[name] = value
        elif name:
            options[name] = f"{options[name]},{argument}" if options[name] else argument
    return options


def asked_of(
    argv: Sequence[str], traits: Sequence[str] = (), variants: Optional[int] = None, samples: Optional[int] = None
) -> RegenieAsked:
    """What a command asks for.

    :param argv: without the program's name.
    :param traits: if they are known; else those that the line names.
    :param variants: see :class:`RegenieAsked`.
    :param samples: see :class:`RegenieAsked`.
    """
    options = options_of(argv)
    named = options.get("l1-phenoList") or options.get("phenoColList") or options.get("phenoCol", "")
    step = options.get("step", "")
    return RegenieAsked(
        step=int(step) if step in ("1", "2") else None,
        part=next((part for part in PARTS if part in options), ""),
        traits=tuple(traits) or tuple(filter(None, named.split(","))),
        variants=variants,
        samples=samples,
        picks_samples=bool({"keep", "remove", "sex-specific"} & set(options)),
        chromosomes=tuple(
            dict.fromkeys(map(chromosome, chromosomes_of(options.get("chrList", ""), options.get("chr", ""))))
        ),
        single_tests=not JOINT & set(options),
        genotypes=next((kind for kind in ("bed", "bgen", "pgen") if kind in options), ""),
    )


def chromosomes_of(*lists: str) -> Iterator[str]:
    """The chromosomes that lists such as ``1-3,X`` name, as they name them."""
    for name in ",".join(lists).split(","):
        first, _, last = name.partition("-")
        if first.isdigit() and last.isdigit():
            yield from map(str, range(int(first), int(last) + 1))
        elif name:
            yield name


def chromosome(label: str) -> str:
    """A chromosome as regenie writes it: X, Y, XY and both PAR are 23."""
    bare = re.sub("^chr", "", label.strip(), flags=re.IGNORECASE)
    return "23" if bare.lower() in SEX else bare.lstrip("0") or bare
