from hypothesis import given
from hypothesis import strategies as st

from platerunner.engine.gates.decisions import Decision, decisions, gated_fingerprint, record, standing
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.storage import Storage

FILES = [InputFile("a/1.tif", "workspace", 10, "e1"), InputFile("a/2.tif", "workspace", 11, "e2")]


def decision(word, user="ada"):
    return Decision(word, user, user.title(), "2026-11-21T12:00:00+00:00", "run", "flat enough", {"cells": 20})


def test_a_record_can_be_read_again(tmp_path):
    workspace = Storage(str(tmp_path))
    key = record(workspace, "check", FILES, decision("approved"))
    assert key == f"_platerunner/gates/check/{gated_fingerprint(FILES)}.json"
    assert decisions(workspace, "check", gated_fingerprint(FILES)) == [decision("approved")]


def test_the_last_decision_stands_and_all_are_kept(tmp_path):
    workspace = Storage(str(tmp_path))
    for word in ("rejected", "approved", "refused"):
        record(workspace, "check", FILES, decision(word))
    made = decisions(workspace, "check", gated_fingerprint(FILES))
    assert [d.decision for d in made] == ["rejected", "approved", "refused"]
    assert standing(made) == decision("approved")
    record(workspace, "check", FILES, decision("rejected"))
    assert standing(decisions(workspace, "check", gated_fingerprint(FILES))) is None


def test_other_files_have_no_decision(tmp_path):
    workspace = Storage(str(tmp_path))
    record(workspace, "check", FILES, decision("approved"))
    changed = [FILES[0], InputFile("a/2.tif", "workspace", 11, "e3")]
    assert decisions(workspace, "check", gated_fingerprint(changed)) == []


def test_a_decision_says_who_when_and_why():
    assert decision("approved").sentence == 'approved by Ada on 2026-11-21 12:00 UTC: "flat enough"'


FILE = st.builds(InputFile, st.text(min_size=1), st.just("workspace"), st.integers(0, 9), st.text(max_size=5))


@given(st.lists(FILE, unique_by=lambda f: f.key), st.randoms())
def test_the_fingerprint_does_not_depend_on_the_order_of_a_listing(files, random):
    shuffled = random.sample(files, len(files))
    assert gated_fingerprint(shuffled) == gated_fingerprint(files)
