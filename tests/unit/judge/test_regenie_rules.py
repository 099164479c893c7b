"""Whatever is taken from a good run of regenie, the judge does not call the rest a success."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Evidence, OutputFound, Verdict
from platerunner_unit.contract.regenie import RegenieAsked, RegenieLog, RegenieOutput, RegenieRun
from platerunner_unit.judge import judge

TRAITS = ("height", "weight", "iron")
CHROMOSOMES = ("1", "2", "22")
STEP_1 = RegenieRun(
    RegenieAsked(1, "", TRAITS, 900, 400, genotypes="bed"),
    RegenieLog(
        ended=True, traits=TRAITS, variants=900, samples=400, phenotyped=400, with_covariates=400, analysed=400,
        blocked=900, blocks=9, ridges=5, chromosomes=CHROMOSOMES,
    ),
    (
        *(RegenieOutput(f"out/s1_{n}.loco", trait, 90_000, 23, columns=401) for n, trait in enumerate(TRAITS, 1)),
        RegenieOutput("out/s1_pred.list", "", 90, 3),
    ),
)  # fmt: skip
STEP_2 = RegenieRun(
    RegenieAsked(2, "", TRAITS, 900, 400, genotypes="bgen"),
    RegenieLog(
        ended=True, traits=TRAITS, variants=900, samples=400, phenotyped=400, with_covariates=400, analysed=400,
        chromosomes=CHROMOSOMES, ignored=60, results=3,
    ),
    tuple(RegenieOutput(f"out/s2_{trait}.regenie", trait, 70_000, 880, chromosomes=CHROMOSOMES) for trait in TRAITS),
)  # fmt: skip


def verdict(run: RegenieRun, **evidence) -> Verdict:
    outputs = tuple(OutputFound(output.name, output.size) for output in run.outputs)
    return judge(Evidence(**{"tool": "regenie", "exit_code": 0, "outputs": outputs, "regenie": run, **evidence}))


@pytest.mark.parametrize("run", [STEP_1, STEP_2], ids=["step 1", "step 2"])
def test_a_whole_run_is_a_success(run) -> None:
    assert verdict(run).category == Category.SUCCEEDED


def test_the_sums_are_told() -> None:
    said = verdict(STEP_2).sentence
    assert said == (
        "2640 tests have a row and 60 tests were ignored for their low allele count, which is all variants of 3 traits."
    )


def test_variants_that_nobody_counted_are_named_as_unknown() -> None:
    run = replace(STEP_2, asked=replace(STEP_2.asked, variants=None))
    found = verdict(run)
    assert found.category == Category.SUCCEEDED
    assert "How many variants there should be is not known" in found.notes[0]


LESS = {
    "no end": ({"ended": False}, {}),
    "variants": ({"variants": 899}, {}),
    "samples": ({"samples": 399}, {}),
    "samples used": ({"analysed": 399}, {}),
    "samples with covariates": ({"with_covariates": 399}, {}),
    "a trait twice": ({"traits": ("height", "height", "iron")}, {}),
    "no output": ({}, {"size": None, "rows": None}),
    "empty output": ({}, {"size": 0, "rows": 0}),
    "cut output": ({}, {"whole": False}),
}


@pytest.mark.parametrize("run", [STEP_1, STEP_2], ids=["step 1", "step 2"])
@pytest.mark.parametrize("what", LESS)
def test_less_of_anything_is_no_success(run, what) -> None:
    log, output = LESS[what]
    outputs = (replace(run.outputs[0], **output), *run.outputs[1:])
    found = verdict(RegenieRun(run.asked, replace(run.log, **log), outputs))
    assert found.category != Category.SUCCEEDED
    assert found.hint, found


@given(st.integers(0, 2), st.integers(1, 880))
def test_rows_that_are_lost_are_seen_however_few(at, lost) -> None:
    outputs = list(STEP_2.outputs)
    outputs[at] = replace(outputs[at], rows=880 - lost)
    assert verdict(replace(STEP_2, outputs=tuple(outputs))).category != Category.SUCCEEDED


@given(st.integers(1, 860))
def test_a_table_of_all_traits_may_lack_what_was_ignored_and_no_more(rows) -> None:
    run = replace(STEP_2, outputs=(RegenieOutput("out/s2.regenie", "", 90_000, 880, chromosomes=CHROMOSOMES),))
    assert verdict(run).category == Category.SUCCEEDED  # 20 variants of 3 traits, 60 ignored tests
    run = replace(run, outputs=(replace(run.outputs[0], rows=rows),))
    assert verdict(run).category != Category.SUCCEEDED


@given(st.integers(1, 22))
def test_a_loco_file_without_a_chromosome_is_seen(rows) -> None:
    outputs = (replace(STEP_1.outputs[0], rows=rows), *STEP_1.outputs[1:])
    assert verdict(replace(STEP_1, outputs=outputs)).category == Category.OUT_OF_DISK


def test_a_fit_that_is_no_number_is_seen() -> None:
    assert verdict(replace(STEP_1, log=replace(STEP_1.log, nan=True))).category == Category.INPUT_UNREADABLE
    outputs = (replace(STEP_1.outputs[0], nan=True), *STEP_1.outputs[1:])
    assert verdict(replace(STEP_1, outputs=outputs)).category == Category.INPUT_UNREADABLE


def test_a_chromosome_that_was_asked_for_and_is_not_there_is_named() -> None:
    found = verdict(replace(STEP_2, asked=replace(STEP_2.asked, variants=None, chromosomes=("7", "22"))))
    assert (found.category, found.partial) == (Category.PARTIAL, True)
    assert "chromosome 7" in found.sentence


def test_fewer_samples_in_a_fam_are_wrong_unless_they_take_as_many_bytes() -> None:
    asked = replace(STEP_2.asked, genotypes="bed")
    for samples, partial in ((399, True), (397, True), (396, False)):
        found = verdict(RegenieRun(asked, replace(STEP_2.log, samples=samples), STEP_2.outputs))
        assert (found.category, found.partial) == (Category.INPUT_UNREADABLE, partial)


def test_samples_that_were_taken_out_on_purpose_are_not_missed() -> None:
    asked = replace(STEP_2.asked, picks_samples=True)
    log = replace(STEP_2.log, analysed=300, with_covariates=300)
    assert verdict(RegenieRun(asked, log, STEP_2.outputs)).category == Category.SUCCEEDED
    assert verdict(RegenieRun(asked, replace(log, kept=350), STEP_2.outputs)).category == Category.INPUT_UNREADABLE


def test_a_single_trait_may_lack_samples_that_have_no_value_of_it() -> None:
    asked = replace(STEP_2.asked, traits=("height",))
    log = replace(STEP_2.log, analysed=380, ignored=20, results=1)
    assert verdict(RegenieRun(asked, log, STEP_2.outputs[:1])).category == Category.SUCCEEDED


ERRORS = [
    ("data/g.bed doesn't exist for option --bed", Category.INPUT_MISSING),
    ("cannot read file : /x/fit/s1_2.loco", Category.INPUT_MISSING),
    ("cannot read file : fit/s1_2.loco", Category.MISCONFIGURED),
    ("Cannot write log file 'nowhere/s2.log'", Category.MISCONFIGURED),
    ("must specify the block size using '--bsize'.", Category.MISCONFIGURED),
    ("incorrect magic number in bed file.", Category.INPUT_UNREADABLE),
    ("no variant left to include in analysis.", Category.NOTHING_MATCHED),
    ("bad_alloc caught, not enough memory (std::bad_alloc)", Category.OUT_OF_MEMORY),
    ("cannot successfully write temporary level 0 predictions to disk", Category.OUT_OF_DISK),
    ("something that nobody has seen", Category.TOOL_ERROR),
]


@pytest.mark.parametrize(("text", "category"), ERRORS)
def test_its_own_errors_are_told_as_they_are(text, category) -> None:
    run = replace(STEP_2, log=RegenieLog(errors=(text,)))
    found = verdict(run, exit_code=1)
    assert found.category == category
    assert text.rstrip(".") in found.sentence


def test_text_among_the_covariates_is_a_matter_of_the_spec_and_among_the_traits_one_of_the_data() -> None:
    error = ("could not convert value to double: 'b1'",)
    for section, category in (("covariates", Category.MISCONFIGURED), ("phenotypes", Category.INPUT_UNREADABLE)):
        found = verdict(replace(STEP_1, log=RegenieLog(section=section, errors=error)), exit_code=1)
        assert found.category == category
