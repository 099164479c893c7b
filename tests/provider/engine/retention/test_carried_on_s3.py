"""What a unit carries to its next attempt, in a bucket: kept, laid out again, and taken away when it is due."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.provider.engine.planning.s3 import s3_bucket

from platerunner.engine.periods import Retention
from platerunner.engine.retention.clearing import clear_workspace
from platerunner_unit.contract.keys import CARRIED_LIST, carried_prefix
from platerunner_unit.contract.storage import Storage
from platerunner_unit.runner.carried import Carried
from platerunner_unit.runner.stage import Stager

UNIT = "plate=P1/well=A01"
WRITTEN_NS = 981_173_106_000_000_000


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
        os.utime(folder / name, ns=(WRITTEN_NS, WRITTEN_NS))


def stored(workspace: Storage) -> list[str]:
    prefix = carried_prefix("flow", UNIT)
    return [each.key.removeprefix(prefix) for each in workspace.list(prefix)]


def test_a_bucket_keeps_a_folder_from_attempt_to_attempt_until_it_is_due(tmp_path):
    with s3_bucket() as bucket:
        workspace = Storage(f"s3://{bucket}/lab")
        first, second, third = (tmp_path / name for name in ("first", "second", "third"))
        write(first, a="one", b="same", c="same")
        (first / "link").symlink_to("a")
        assert Carried(workspace, "flow", UNIT, first).keep(Stager()) == ""
        assert len(stored(workspace)) == 3  # two contents, and their list

        attempt = Carried(workspace, "flow", UNIT, second)
        assert attempt.fetch(Stager()) == "4 files of the last attempt are here"
        assert [(second / name).read_text() for name in ("a", "b", "c", "link")] == ["one", "same", "same", "one"]
        assert (second / "a").stat().st_mtime_ns == WRITTEN_NS
        (second / "b").unlink()
        write(second, a="second")
        assert attempt.keep(Stager()) == ""
        assert Carried(workspace, "flow", UNIT, third).fetch(Stager()) == "3 files of the last attempt are here"
        assert (third / "link").read_text() == "second"

        kept, later = stored(workspace), datetime.now(UTC) + timedelta(days=11)
        retention = Retention({"carried": timedelta(days=10)})
        assert clear_workspace(workspace, retention, later, dry_run=False).sentence == "nothing"  # no success yet
        workspace.put(f"_platerunner/outcomes/flow/{UNIT}/f1.succeeded.1.r1.json", b"{}")
        assert clear_workspace(workspace, retention, later, dry_run=True).counts == {"carried file": len(kept)}
        assert CARRIED_LIST in stored(workspace)
        clear_workspace(workspace, retention, later, dry_run=False)
        assert stored(workspace) == []
        assert Carried(workspace, "flow", UNIT, tmp_path / "fourth").fetch(Stager()) == ""
