"""A run without a terminal, such as a cron job's: nobody is there to answer a gate."""

from collections.abc import Callable
from pathlib import Path

from tests.e2e.conftest import ROOT, Result

SPEC = ROOT / "tests/e2e/specs/two_plates.yaml"
WAITS = 3


def test_all_that_needs_no_answer_is_done_and_the_gates_are_named(
    platerunner: Callable[..., Result], tmp_path: Path
) -> None:
    for plate in ("P1", "P2"):
        (tmp_path / "data" / plate).mkdir(parents=True)
        (tmp_path / "data" / plate / "A01.txt").write_text(plate)
    argv = ("run", SPEC, "--local", "--data-root", tmp_path / "data", "--workspace-root", tmp_path / "results")

    first = platerunner(*argv)
    assert first.code == WAITS, first.out + first.err
    assert first.summary["state"] == "waiting"
    assert first.step("copy")["succeeded"] == 2, "no plate's gate holds up another plate"
    assert "2 gates wait for a person: check of plate=P1, check of plate=P2." in first.err
    assert "run the same command with `--approve check`" in first.err
    assert "[info" not in first.out, "the lines of other programs' logs are no news for a person"

    second = platerunner(*argv, "--approve", "check")
    assert second.code == 0, second.out + second.err
    assert (second.step("copy")["done_before"], second.step("sum")["succeeded"]) == (2, 2)
