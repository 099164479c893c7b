"""No line of an acceptance goes missing, whatever an act does; and the report has each of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from platerunner.cli.acceptance.acts import ACTS
from platerunner.cli.acceptance.findings import Acceptance, Act, Finding, Seen, carry_out
from platerunner.cli.acceptance.report import write_report


class GoneError(Exception):
    """What an environment does to an act."""


def good(_: object) -> Iterator[Seen]:
    yield Seen("a", "seen a", holds=True)
    yield Seen("b", "seen <b>", holds=None, proof="look yourself")


def bad(_: object) -> Iterator[Seen]:
    yield Seen("c", "seen c", holds=True)
    raise GoneError("nobody answers")


def short(_: object) -> Iterator[Seen]:
    yield Seen("e", "seen e", holds=False)


GOOD, BAD = Act("good", "Good", ("a", "b"), good), Act("bad", "Bad", ("c", "d", "d2"), bad)
SHORT = Act("short", "Short", ("e", "f"), short)


def judged(*acts: Act, skip: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(found.seen.expected, str(found.seen.judged)) for found in findings(*acts, skip=skip)]


def findings(*acts: Act, skip: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    return tuple(carry_out(acts, None, skip, (GoneError,)))  # type: ignore[arg-type]


def test_what_an_act_sees_is_judged_as_it_says() -> None:
    assert judged(GOOD) == [("a", "holds"), ("b", "not judged")]


def test_an_act_that_breaks_off_fails_and_those_after_it_are_not_judged() -> None:
    assert judged(BAD, GOOD) == [
        ("c", "holds"), ("d", "failed"), ("d2", "not judged"), ("a", "not judged"), ("b", "not judged"),
    ]  # fmt: skip
    assert "GoneError: nobody answers" in findings(BAD)[1].seen.seen


def test_a_line_that_an_act_says_nothing_of_is_not_judged() -> None:
    assert judged(SHORT, GOOD) == [("e", "failed"), ("f", "not judged"), ("a", "holds"), ("b", "not judged")]


def test_an_act_that_is_left_out_says_so_and_keeps_no_other_back() -> None:
    assert judged(SHORT, GOOD, skip=("short",))[:3] == [("e", "not judged"), ("f", "not judged"), ("a", "holds")]
    assert "--skip short" in findings(SHORT, skip=("short",))[0].seen.seen


def test_an_error_of_the_program_is_not_taken_for_the_environments() -> None:
    with pytest.raises(GoneError):
        list(carry_out([BAD], None, (), ()))  # type: ignore[arg-type]


def test_the_report_has_every_line_once_and_escapes_what_was_seen(tmp_path: Path) -> None:
    done = Acceptance("a <place>", {"Taken": "today"}, findings(GOOD, BAD))
    page = write_report(done, tmp_path).read_text()
    assert [page.count(f"<td>{each}</td>") for each in ("a", "b", "c", "d", "d2")] == [1] * 5
    assert "seen &lt;b&gt;" in page
    assert "look yourself" in page
    assert done.sentence == "2 of 5 lines hold, 1 failed, 2 not judged."
    assert done.sentence in page
    data = json.loads((tmp_path / "acceptance.json").read_text())
    assert data["counts"] == {"holds": 2, "failed": 1, "not judged": 2}
    assert [line["expected"] for line in data["lines"]] == ["a", "b", "c", "d", "d2"]


def test_no_two_lines_of_an_acceptance_are_the_same() -> None:
    every = [expected for act in ACTS for expected in act.expects]
    assert len(every) == len(set(every)) == 23
