"""What was asked to be restored: written once, in parts, and read whole again."""

import json

from platerunner.engine.records.restores import RestoreFile
from platerunner_unit.contract.keys import restore_key
from platerunner_unit.contract.storage import Storage


def test_what_was_asked_for_is_known_again_and_written_once(tmp_path):
    workspace = Storage(str(tmp_path))
    kept = RestoreFile(workspace, "run-1", "work", "plate=P1")
    assert (len(kept.load()), kept.load().since) == (0, 0.0)
    kept.begin("bulk")
    began = kept.load().since
    parts = [[f"s3://lab/P{part}/Zürich {n}.tif" for n in range(2000)] for part in range(3)]
    for part in parts:
        kept.add(part)
    sizes = [stored.size for stored in workspace.list()]
    assert len(sizes) == 4
    assert sum(sizes) < 100_000  # no address is in two of them
    kept.add(parts[0])  # as a process does that died before it knew that it had
    kept.begin("standard")
    found = RestoreFile(workspace, "run-1", "work", "plate=P1").load()
    assert (found.since, found.tier, len(found)) == (began, "bulk", 6000)
    assert all(url in found for part in parts for url in part)
    assert "s3://lab/P4/Zürich 0.tif" not in found
    assert len(RestoreFile(workspace, "run-2", "work", "plate=P1").load()) == 0
    kept.forget()
    assert list(workspace.list()) == []


def test_a_record_of_an_older_version_is_gone_on_with(tmp_path):
    workspace = Storage(str(tmp_path))
    old = {"format": 1, "since": 1.5, "tier": "bulk", "urls": ["s3://lab/a", "s3://lab/b"]}
    workspace.put(restore_key("run-1", "work"), json.dumps(old).encode())
    kept = RestoreFile(workspace, "run-1", "work")
    kept.begin("bulk")
    kept.add(["s3://lab/c"])
    found = kept.load()
    assert (found.since, len(found)) == (1.5, 3)
    assert all(f"s3://lab/{name}" in found for name in "abc")
