"""Who uses which modules, and who owes what for a month, by hand; and both commands."""

import csv
from io import StringIO
from pathlib import Path

import pytest
from tests.provider.engine.ledger.test_costs import LATER, row
from typer.testing import CliRunner

from platerunner.batch.model import Submission
from platerunner.cli import app
from platerunner.engine.ledger.chargeback import charge_back, tags_text
from platerunner.engine.ledger.place import workspace_ledger
from platerunner.engine.ledger.usage import usage_of
from platerunner_unit.contract.storage import Storage

OWN = {"module": "cellprofiler", "image": "cellprofiler:4.2.8", "owner": "ada"}
ROWS = [
    row(**OWN, tags={"project": "JUMP"}),
    row(**OWN, tags={"project": "JUMP"}, verdict="spot_interrupted", **LATER),
    row(**OWN, tags={}, verdict="tool_error", usd=None, usd_instance=None, instance=None),
    row(**{**OWN, "image": "cellprofiler:4.2.9", "owner": "=ben"}, instance="i-2"),
    row(**OWN, submitted="2026-12-01T00:00:00.000+00:00"),
]


def call(*args):
    done = CliRunner().invoke(app, args)
    return (done.stdout, done.exit_code) if done.exit_code == 0 else (" ".join(done.stderr.split()), done.exit_code)


@pytest.fixture
def workspace(tmp_path):
    ledger = workspace_ledger(Storage(str(tmp_path)))
    for n, each in enumerate(ROWS):
        submission = Submission(1, "n", "single", 1, (0,), "q", job_id=f"j{n}", submitted_at=each["submitted"])
        ledger.write("demo", submission, [{**each, "job": f"j{n}", "unit": "u"}])
    return str(tmp_path)


def test_a_version_s_failures_are_its_own_not_those_of_its_hosts():
    old, new = usage_of(ROWS)
    assert (old.image, old.sum.attempts, old.failure_rate) == ("cellprofiler:4.2.8", 4, 0.25)
    assert (old.sum.usd, old.sum.unknown, old.last) == (pytest.approx(0.375), 1, "2026-12-01")
    assert (new.image, new.owners, new.failure_rate) == ("cellprofiler:4.2.9", {"=ben"}, 0.0)


def test_a_month_s_lines_make_its_bill_with_what_instances_were_idle():
    """i-1: an hour at 1 USD, of which two jobs took 0.25; i-2: from 9:45 to 10:15, of which one took 0.125."""
    lines = list(csv.DictReader(StringIO(charge_back(ROWS, "2026-11"))))
    assert [(line["owner"], line["tags"], line["attempts"], line["attempts_without_price"]) for line in lines] == [
        ("'=ben", "", "1", "0"),
        ("ada", "", "1", "1"),
        ("ada", "project=JUMP", "2", "0"),
        ("total", "", "4", "1"),
    ]
    assert [float(line["usd_bill"]) for line in lines] == pytest.approx([0.5, 0.0, 1.0, 1.5])
    assert [float(line["usd_idle"]) for line in lines] == pytest.approx([0.375, 0.0, 0.75, 1.125])


def test_tags_are_told_apart_whatever_is_in_them():
    assert tags_text({"a=b": "c; d", "µ": "日本"}) == r"a\=b=c\; d; µ=日本"


def test_both_have_a_command(workspace):
    said, code = call("ledger", "chargeback", workspace, "--month", "2026-11")
    assert code == 0
    assert said.strip().endswith("_platerunner/ledger/chargeback/2026-11.csv")
    assert Path(said.strip().removeprefix("file://")).read_text() == charge_back(ROWS, "2026-11")
    said, code = call("modules", "--usage", workspace)
    assert code == 0
    assert "cellprofiler:4.2.9" in said
    assert "25.0%" in said


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("ledger", "chargeback", "HERE", "--month", "2026-13"), "--month 2026-13: write a month like 2026-11"),
        (("ledger", "chargeback", "HERE", "--month", "2025-01"), "has no attempts of 2025-01: give a month like"),
        (("modules", "fiji", "--usage", "HERE"), "has no attempts of the module fiji"),
        (("modules", "--usage", "/nowhere"), "has no ledger: give a workspace"),
    ],
)
def test_what_is_not_there_is_one_sentence(workspace, args, said):
    assert said in call(*(workspace if each == "HERE" else each for each in args))[0]
