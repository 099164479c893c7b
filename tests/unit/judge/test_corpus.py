"""The judge against recorded runs of the real CellProfiler, whose truth was arranged and is never shown to it."""

import json
import os
from pathlib import Path

import pytest

from platerunner_unit.judge import judge
from platerunner_unit.runner import recorded

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
OWN = REPOSITORY / "tests" / "data" / "recorded"
SHARED = REPOSITORY.parent / "shared" / "cellprofiler" / "corpus"
# Label categories to the categories of the judge that name the same thing, for each truth.
ACCEPTED = json.loads((HERE / "category_map.json").read_text())
# A truncated TIFF leaves no trace in a record without its images: the pre-flight check catches it in a live run.
UNSHOWN = {"tiff_truncated", "tiff_truncated__done"}


def judged(folder):
    label = json.loads((folder / "label.json").read_text())
    verdict = recorded.as_json(judge(recorded.evidence(folder)))
    named = verdict["category"] in ACCEPTED[label["truth"]].get(label["category"], [])
    return label["truth"], verdict, named


def folders(corpus):
    return sorted(path.parent for path in corpus.glob("*/cmd.txt"))


@pytest.mark.parametrize("folder", folders(OWN), ids=lambda folder: folder.name)
def test_own_recordings(folder):
    truth, verdict, named = judged(folder)
    assert verdict["verdict"] == truth, verdict
    assert named, verdict


@pytest.fixture(scope="module")
def shared():
    if not SHARED.is_dir():
        reason = (
            f"the corpus of recorded runs is not there (looked for it in {SHARED}); it is kept outside the repository, "
            "and PLATERUNNER_REQUIRE_CORPUS=1 makes its absence a failure"
        )
        assert not os.environ.get("PLATERUNNER_REQUIRE_CORPUS"), reason
        pytest.skip(reason)
    return {folder.name: judged(folder) for folder in folders(SHARED)}


def test_no_lost_image_passes_for_success(shared):
    false = {name for name, (truth, verdict, _) in shared.items() if verdict["verdict"] == "succeeded" != truth}
    assert false <= UNSHOWN


def test_hardly_a_false_failure(shared):
    false = {
        name: verdict for name, (truth, verdict, _) in shared.items() if truth == "succeeded" != verdict["verdict"]
    }
    assert len(false) <= 2, false


def test_three_way_verdict(shared):
    wrong = {name: (truth, verdict) for name, (truth, verdict, _) in shared.items() if truth != verdict["verdict"]}
    assert len(wrong) <= 7, wrong


def test_category(shared):
    unnamed = {name: verdict for name, (_, verdict, named) in shared.items() if not named}
    assert len(unnamed) <= 0.05 * len(shared), unnamed


def test_every_failure_has_a_sentence(shared):
    for name, (_, verdict, _) in shared.items():
        assert verdict["sentence"].endswith((".", "?", "!", ")")), (name, verdict)
        assert "{" not in verdict["sentence"] or "{" in verdict["line"], (name, verdict)
        assert "of unknown" not in verdict["sentence"], (name, verdict)
