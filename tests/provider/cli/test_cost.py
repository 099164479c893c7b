"""`platerunner cost` after real attempts that succeeded, failed, and lost their instance; and `ledger merge`."""

import csv
import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from tests.lab import GOOD, SPEC, aws, lab  # noqa: F401
from tests.provider.engine.ledger.test_file_systems import row as file_system
from tests.provider.engine.ledger.test_file_systems import still_there
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.engine.ledger.file_systems import write_file_system
from platerunner.engine.ledger.place import workspace_ledger
from platerunner.local.aws.faults import Faults
from platerunner_unit.contract.storage import Storage


def call(*args):
    done = CliRunner().invoke(app, args)
    assert done.exit_code in (0, 2), done.output
    return done.stdout if done.exit_code == 0 else " ".join(done.stderr.split())


def cost(*args, spec="lab.yaml"):
    return call("cost", spec, *args, "--data-root", "data", "--workspace-root", "workspace")


@pytest.fixture
def ran(lab, monkeypatch):  # noqa: F811
    """A run in which one of three wells failed, and one lost its instance and was tried again on demand."""
    monkeypatch.chdir(lab.folder)
    (lab.folder / "lab.yaml").write_text(SPEC.format(options=lab.options))
    lab.write(A01=GOOD, A02="exit 3\n")
    lab.to_the_end()
    lab.aws.cloud.faults = Faults(spot_reclaim=1.0, lost_after=0.1)
    try:
        lab.write(A02="exit 3\n", A03=f"sleep 1\n{GOOD}")
        lab.to_the_end("run-2")
    finally:
        lab.aws.cloud.faults = Faults()
    return lab


@pytest.mark.slow
def test_what_attempts_cost_is_what_the_cloud_s_own_book_says(ran):
    told = json.loads(cost("--by", "verdict", "--json"))
    rows = list(workspace_ledger(Storage("workspace")).rows())
    book = {use.job: use for use in ran.aws.cloud.book()}
    assert {row["job"]: row["seconds"] for row in rows} == {
        job: pytest.approx((use.stopped or 0) - (use.started or 0), abs=0.002) for job, use in book.items()
    }
    spent = sum(
        (use.stopped - use.started)
        / 3600
        * (0.0504 * use.instance.vcpus * (0.4 if use.instance.spot else 1))
        * max(use.vcpus / use.instance.vcpus, use.memory / use.instance.memory)
        for use in book.values()
    )
    assert sum(row["usd_instance"] for row in rows) == pytest.approx(spent, rel=0.02)
    groups = {group["verdict"]: group for group in told["groups"]}
    assert groups["spot_interrupted"]["attempts"] >= 1
    assert groups["succeeded"]["attempts"] == 2
    assert told["total"]["attempts"] == len(book) == sum(group["attempts"] for group in groups.values())
    assert told["total"]["attempts_without_price"] == 0
    assert told["usd"] == pytest.approx(sum(group["usd"] for group in groups.values()) + told["usd_idle"], abs=1e-7)

    assert "Attempts that failed: " in cost()
    assert json.loads(cost("--run", "run-1", "--json"))["total"]["attempts"] == 2
    lines = list(csv.reader(StringIO(cost("--by", "run", "--csv"))))
    assert [line[0] for line in lines] == [
        "run",
        *sorted({"run-1", "run-2"}, key=lambda run: run != "run-2"),
        "(idle instances)",
    ]
    assert sum(float(line[4]) for line in lines[1:]) == pytest.approx(told["usd"], abs=1e-7)
    said = cost("--run", "run-2", "--against", "run-1").replace(":", " ").split()
    assert said.count("run-1") == 2, "of its seconds, and of its USD"

    _count_a_file_system(ran, told)
    before = json.loads(cost("--json"))
    assert "2 files merged" in call("ledger", "merge", "workspace", "--before", "2999-01-01") or len(rows) > 4
    assert json.loads(cost("--json")) == before
    assert "nothing to merge" in call("ledger", "merge", "workspace", "--before", "2999-01-01")


def _count_a_file_system(ran, told):
    """One of half a dollar that run-1 had, and one of run-2 that is still there."""
    ledger = workspace_ledger(Storage("workspace"))
    whose = {"pipeline": "lab", "workspace": next(ledger.rows())["workspace"]}
    for row in (file_system(run="run-1", **whose), still_there(name="fs-2", run="run-2", **whose)):
        write_file_system([ledger], row)
    with_it = json.loads(cost("--json"))
    assert with_it["usd"] == pytest.approx(told["usd"] + 0.5, abs=1e-7)
    assert (with_it["usd_file_systems"], with_it["file_systems_without_price"]) == (0.5, 1)
    lines = list(csv.reader(StringIO(cost("--csv"))))
    assert lines[-1] == ["(file systems)", "0", "0", "0.0", "0.5", "0.0", "1"]
    assert sum(float(line[4]) for line in lines[1:]) == pytest.approx(with_it["usd"], abs=1e-7)
    said = " ".join(cost().split())
    assert "(file systems)" in said
    assert "No price is known of 1 file system, which the sums leave out" in said
    assert json.loads(cost("--run", "run-2", "--json"))["usd_file_systems"] == 0
    said = " ".join(cost("--run", "run-2", "--against", "run-1").split())
    assert "File systems: those of the run together." in said


@pytest.mark.slow
def test_a_plan_tells_what_it_would_cost_by_what_was_paid_before(ran):
    look = ("lab.yaml", "--data-root", "data", "--workspace-root", "workspace", "--cost")
    ran.write(A04=GOOD, A05=GOOD)
    before = {path for path in Path("workspace").rglob("*") if path.is_file()}
    said = " ".join(call("plan", *look).split())
    assert "work 3 " in said, "two new ones, and one that failed before"
    assert "work: from 2 attempts before" in said
    assert "No price is known" not in said
    shutil.copy("lab.yaml", "old.yaml")
    said = " ".join(call("diff", "old.yaml", *look).split())
    assert "Nothing has to run, so nothing would be paid." in said, "the change causes nothing"
    changed = Path("lab.yaml").read_text().replace("argv: [sh,", "argv: [sh, -e,")
    Path("lab.yaml").write_text(changed)
    assert "total 2 " in " ".join(call("diff", "old.yaml", *look).split()), "those that are done run again"
    assert {path for path in Path("workspace").rglob("*") if path.is_file()} == before, "to look writes nothing"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--by", "job"], "--by job: there is owner, pipeline"),
        (["--since", "yesterday"], "--since yesterday: write a day like 2026-11-30, or 30d"),
        (["--since", "99999999999d"], "write a day like"),
        (["--against", "run-1"], "--against: name the run"),
        ([], "the ledger has no attempts of lab; `platerunner status`"),
        (["--run", "one", "--plate", "P=1"], "no attempts of lab and run one and plate P=1"),
        (["--run", "one", "--against", "two"], "the ledger has no attempts of the run two"),
    ],
)
def test_what_cannot_be_told_is_one_sentence(tmp_path, monkeypatch, args, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lab.yaml").write_text(SPEC.format(options=""))
    assert said in cost(*args)


def test_a_folder_without_a_ledger_is_not_merged(tmp_path):
    assert "has no ledger: give a workspace" in call("ledger", "merge", str(tmp_path))
    assert "--before soon: write a day like" in call("ledger", "merge", str(tmp_path), "--before", "soon")
