import pytest

from platerunner.engine.records.step_state import UnitFailure
from platerunner.engine.steps.digest import StepResult, allowed, digest, headline, is_red
from platerunner.spec.steps import ALL
from platerunner_unit.contract.category import Category

FAILED = [
    *(
        UnitFailure(f"plate=P1/well=A{i:02}", Category.OUT_OF_MEMORY, "The memory limit was reached.", "Killed")
        for i in range(5)
    ),
    UnitFailure(
        "plate=P1/well=H12", Category.INPUT_UNREADABLE, "P1/H12_s1_DNA.tif is damaged.", "TiffFileError", "job-1:9"
    ),
]
RESULT = StepResult(
    "demo",
    "measure",
    units=384,
    succeeded=300,
    done_before=78,
    failed=6,
    waiting=2,
    excluded=1,
    categories={"succeeded": 300, "out_of_memory": 5, "input_unreadable": 1},
    retried={"out_of_memory": 10},
)


def test_the_digest_counts_explains_and_ends_in_what_to_do():
    lines = digest(RESULT, FAILED, "https://runbook")
    text = "\n".join(lines)
    assert lines[0] == (
        "measure: 378 of 384 units done, 78 of them before; 6 failed; "
        "2 wait for their inputs and run next time; 1 excluded"
    )
    assert "tried again: 10 x out_of_memory" in text
    assert "plate=P1/well=A00, plate=P1/well=A01, plate=P1/well=A02 and 2 more" in text
    assert "> TiffFileError" in text
    assert "job job-1:9" in text
    assert lines.index("What to do:") > text.count("\n") / 2
    assert "Replace the file by a good copy" in lines[-2]
    assert lines[-1].startswith("  Then clear this task: only the units that failed run again. https://runbook")
    assert max(map(len, lines)) < 200


def test_the_most_frequent_category_comes_first():
    lines = digest(RESULT, FAILED, "")
    assert next(line for line in lines if "scientist" in line).split()[0] == "out_of_memory"


def test_a_step_with_nothing_to_do_says_so_in_one_line():
    assert digest(StepResult("demo", "measure", units=384, done_before=384), [], "") == [
        "measure: 384 of 384 units done"
    ]


def test_the_headline_is_one_line_with_the_cause():
    text = headline(RESULT, FAILED)
    assert text.startswith(
        "6 of 384 units failed (5 out_of_memory, 1 input_unreadable). plate=P1/well=A00: The memory limit"
    )
    assert "\n" not in text


@pytest.mark.parametrize(("tolerate", "units", "expected"), [(0, 100, 0), (3, 100, 3), (0.02, 384, 7), (0.02, 10, 0)])
def test_tolerated_failures(tolerate, units, expected):
    assert allowed(tolerate, units) == expected


@pytest.mark.parametrize(("tolerate", "red"), [(0, True), (2, True), (ALL, False)])
def test_a_step_of_which_nothing_is_done_fails_unless_all_of_it_may(tolerate, red):
    failed = FAILED[:2]
    assert is_red(StepResult("em", "ebi", units=2, failed=2), failed, tolerate) is red


def test_notes_of_units_that_succeeded_are_told():
    result = StepResult("demo", "measure", units=1, succeeded=1, notes=("plate=P1: Not kept: a.csv (3 bytes).",))
    assert digest(result, [], "") == [
        "measure: 1 of 1 units done",
        "note: plate=P1: Not kept: a.csv (3 bytes).",
    ]


def test_one_category_with_two_causes_has_two_remedies():
    failed = [
        UnitFailure(f"well={i}", Category.PIPELINE_INVALID, "So it is.", hint=hint)
        for i, hint in enumerate(["Do this.", "Do that.", "Do this."])
    ]
    text = "\n".join(digest(RESULT, failed, ""))
    assert "2 x pipeline_invalid (scientist): Do this." in text
    assert "1 x pipeline_invalid (scientist): Do that." in text
    assert headline(RESULT, failed).endswith("So it is. Do this.")
