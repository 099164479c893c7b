"""What PLINK's own errors mean, as its versions 1.90b6.26 and 2.00 printed them; whole runs are in tests/unit/plink."""

import pytest

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Evidence
from platerunner_unit.contract.regenie import RegenieLog, RegenieOutput, RegenieRun
from platerunner_unit.judge import judge

C = Category
ERRORS = [
    ("Out of memory.  The --memory flag may be helpful.", C.OUT_OF_MEMORY),
    ("File write failure: No space left on device.", C.OUT_OF_DISK),
    ("Failed to open nodir/z.log.  Try changing the --out parameter.", C.MISCONFIGURED),
    ("error while loading shared libraries: libzstd.so.1: no such file.", C.MISCONFIGURED),
    ("Failed to open nofile : No such file or directory.", C.INPUT_MISSING),
    ("Unexpected PLINK 1 .bed file size (expected 1003 bytes).", C.INPUT_UNREADABLE),
    (".pgen file read failure: File appears to be corrupted.", C.INPUT_UNREADABLE),
    ("Invalid numeric token '0,34' on line 2 of pheno.tsv.", C.INPUT_UNREADABLE),
    (
        "Invalid chromosome code 'PAR1' on line 15 of .bim file.",
        C.INPUT_UNREADABLE,
    ),
    ("Line 3 of --pheno file has fewer tokens than expected.", C.INPUT_UNREADABLE),
    ("Missing column header(s) on line 1 of s.pvar.", C.INPUT_UNREADABLE),
    ("--glm quantitative phenotype 'k' is constant.", C.INPUT_UNREADABLE),
    ("Cannot proceed with --glm: correlation matrix could not be inverted (VIF_INFINITE).", C.INPUT_UNREADABLE),
    ("No entries in pheno.tsv correspond to loaded sample IDs.", C.INPUT_UNREADABLE),
    ("No variants loaded from g.pvar.", C.NOTHING_MATCHED),
    ("No people remaining after --keep.", C.NOTHING_MATCHED),
    ("All variants removed due to minor allele threshold(s) (--maf/--max-maf/--mac).", C.NOTHING_MATCHED),
    ("All variants excluded.", C.NOTHING_MATCHED),
    ("--pheno-name column not found.", C.MISCONFIGURED),
    ("Unrecognized flag ('--typo').", C.MISCONFIGURED),
    ("Something that nobody has seen.", C.TOOL_ERROR),
]


@pytest.mark.parametrize(("text", "category"), ERRORS)
def test_its_own_errors_are_told_as_they_are(text, category) -> None:
    found = judge(Evidence(tool="plink", exit_code=7, regenie=RegenieRun(log=RegenieLog(errors=(text,)))))
    assert (found.category, found.line) == (category, text)
    assert found.sentence.startswith("PLINK stopped: ")
    assert ("`argv`" in found.hint) == (category == C.MISCONFIGURED)


@pytest.mark.parametrize(
    ("code", "errors", "rule"), [(7, (), "tool_failed"), (0, ("odd",), "broke_off"), (1, ("odd",), "plink_said")]
)
def test_an_error_counts_where_it_ended_the_program(code, errors, rule) -> None:
    run = RegenieRun(log=RegenieLog(errors=errors, warnings=("w",)))
    assert judge(Evidence(tool="plink", exit_code=code, regenie=run)).rule == rule


@pytest.mark.parametrize(("without", "partial"), [(1, True), (2, False)])
def test_tables_without_a_p_value_are_named(without, partial) -> None:
    outputs = tuple(RegenieOutput(f"x.{n}.qassoc", f"t{n}", 90, 5, nan=n < without) for n in range(2))
    run = RegenieRun(log=RegenieLog(ended=True), outputs=outputs)
    found = judge(Evidence(tool="plink", exit_code=0, regenie=run))
    names = ", ".join(f"t{n}" for n in range(without))
    assert found.sentence.startswith(f"No test of {names} has a p-value")
    assert (found.category, found.partial) == (C.INPUT_UNREADABLE, partial)
