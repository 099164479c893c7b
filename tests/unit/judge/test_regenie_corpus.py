"""The judge against recorded runs of the real regenie 4.1.2, whose truth was arranged and is never shown to it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from platerunner_unit.judge import judge
from platerunner_unit.runner import recorded

SHARED = Path(__file__).parents[3].parent / "shared" / "regenie" / "corpus"
# Wrong inputs leave no trace in what regenie says and writes: only the checks before the start can see them.
UNSHOWN = {"bed_cut_s1", "bgen_sample_shuffled", "pheno_decimal_comma", "run_l1_parts_swapped"}


@pytest.fixture(scope="module")
def runs() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Label and verdict of each."""
    if not SHARED.is_dir():
        reason = f"the recorded runs of regenie are not there (looked for them in {SHARED})"
        assert not os.environ.get("PLATERUNNER_REQUIRE_CORPUS"), reason
        pytest.skip(reason)
    return dict(judged())


def judged() -> Iterator[tuple[str, tuple[dict[str, Any], dict[str, Any]]]]:
    for folder in sorted(path.parent for path in SHARED.glob("*/cmd.txt")):
        label = json.loads((folder / "label.json").read_text())
        yield folder.name, (label, recorded.as_json(judge(recorded.evidence(folder))))


def test_no_lost_work_passes_for_success(runs) -> None:
    assert len(runs) >= 160
    false = {name for name, (label, said) in runs.items() if said["verdict"] == "succeeded" != label["verdict"]}
    assert false <= UNSHOWN


def test_no_false_failure(runs) -> None:
    assert not {name for name, (label, said) in runs.items() if label["verdict"] == "succeeded" != said["verdict"]}


def test_three_way_verdict(runs) -> None:
    wrong = {name: said for name, (label, said) in runs.items() if said["verdict"] != label["verdict"]}
    assert len(wrong) <= 0.05 * len(runs), wrong


def test_category(runs) -> None:
    unnamed = {
        name: said
        for name, (label, said) in runs.items()
        if said["category"] not in (label["category"], *label.get("also_acceptable", ()))
    }
    assert set(unnamed) <= UNSHOWN, unnamed


def test_every_verdict_is_a_sentence_that_does_not_name_the_truth_file(runs) -> None:
    for name, (_, said) in runs.items():
        assert said["sentence"].endswith((".", "?", "!")), (name, said)
        assert "None" not in said["sentence"], (name, said)
