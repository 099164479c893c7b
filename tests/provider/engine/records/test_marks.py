from dataclasses import replace

import pytest

from platerunner.engine.records.marks import Mark, add_marks, load_marks
from platerunner_unit.contract.keys import marks_key
from platerunner_unit.contract.storage import Storage, StorageError

AT = "2026-11-30T12:00:00+00:00"
B03 = Mark({"plate": "P1", "well": "B03"}, "out of focus", "ada", AT)
C04 = Mark({"plate": '"}\n- x', "well": "C04"}, "empty", "ben", AT)


def test_the_last_word_on_a_well_counts_and_what_says_nothing_new_is_not_kept(tmp_path):
    workspace = Storage(str(tmp_path))
    assert load_marks(workspace, "check") == []
    assert add_marks(workspace, "check", [replace(B03, bad=False)]) == []
    assert not workspace.exists(marks_key("check"))
    assert add_marks(workspace, "check", [B03, C04]) == load_marks(workspace, "check") == [B03, C04]
    kept = workspace.get(marks_key("check"))
    add_marks(workspace, "check", [replace(B03, by="ben")])
    assert workspace.get(marks_key("check")) == kept
    clearer = replace(B03, because="a hair")
    assert add_marks(workspace, "check", [clearer]) == [clearer, C04]
    assert add_marks(workspace, "check", [replace(B03, bad=False, by="ben")]) == [C04]
    assert load_marks(workspace, "other") == []


def test_nobodys_mark_is_lost_when_two_write_at_once(tmp_path, monkeypatch):
    workspace, real, asked = Storage(str(tmp_path)), Storage.put_if, []

    def put_if(self, key, data, etag):
        asked.append(key)
        if len(asked) == 1:
            add_marks(workspace, "check", [C04])
        return real(self, key, data, etag)

    monkeypatch.setattr(Storage, "put_if", put_if)
    assert add_marks(workspace, "check", [B03]) == [C04, B03]
    monkeypatch.setattr(Storage, "put_if", lambda *_: None)
    with pytest.raises(StorageError, match="try again"):
        add_marks(workspace, "check", [replace(B03, because="bad")])
