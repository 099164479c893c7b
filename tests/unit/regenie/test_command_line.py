"""What is read of a command line of regenie."""

import pytest

from platerunner_unit.regenie.command_line import argv_of, asked_of, chromosome

LINES = {
    "regenie --step 2 --chr 1": ["--step", "2", "--chr", "1"],
    "cd data && regenie --step 1 --out 'a b'": ["--step", "1", "--out", "a b"],
    "regenie --step 2 > /dev/full": ["--step", "2"],
    "regenie --step 2 >log 2>&1": ["--step", "2"],
    "timeout 5 /opt/regenie_v4.1.2 --step 2 | tee log": ["--step", "2"],
    "ulimit -v 900000; regenie --version": ["--version"],
    "plink2 --version": [],
}


@pytest.mark.parametrize("line", LINES)
def test_the_arguments_are_found_in_whatever_line(line) -> None:
    assert argv_of(line) == LINES[line]


def test_what_is_asked_for() -> None:
    asked = asked_of(argv_of("regenie --step 1 --bed g --phenoColList Y1,Y2 --run-l0 part.master,3 --out x"))
    assert (asked.step, asked.part, asked.traits, asked.genotypes) == (1, "run-l0", ("Y1", "Y2"), "bed")
    asked = asked_of(argv_of("regenie --step 2 --bgen=g.bgen --chrList 3-5,X --chr 22 --keep who --anno-file a"))
    assert asked.chromosomes == ("3", "4", "5", "23", "22")
    assert (asked.genotypes, asked.picks_samples, asked.single_tests) == ("bgen", True, False)
    assert asked_of(["--version"]).step is None


def test_chromosomes_are_named_as_regenie_writes_them() -> None:
    assert [chromosome(name) for name in ("X", "chrX", "PAR1", "chr7", "07", "22")] == [
        "23",
        "23",
        "23",
        "7",
        "7",
        "22",
    ]
