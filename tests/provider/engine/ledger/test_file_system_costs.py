"""File systems in sums, chargeback, comparisons and queries, checked by hand: together they make the bill."""

import csv
from io import StringIO

import pytest
from tests.provider.engine.ledger.test_costs import row
from tests.provider.engine.ledger.test_file_systems import row as file_system
from tests.provider.engine.ledger.test_file_systems import still_there

from platerunner.batch.model import Submission
from platerunner.engine.ledger.asking.duck import ask_duckdb
from platerunner.engine.ledger.asking.queries import find_query
from platerunner.engine.ledger.chargeback import charge_back, write_chargeback
from platerunner.engine.ledger.comparison import compare_runs
from platerunner.engine.ledger.costs import group_by, sum_up
from platerunner.engine.ledger.file_systems import write_file_system
from platerunner.engine.ledger.files import Ledger
from platerunner.engine.ledger.place import find_ledger
from platerunner_unit.contract.storage import Storage

OWN = {"workspace": "/w", "owner": "ada", "instance": None}
ROWS = [
    row(**OWN, plate="P1"),
    row(**OWN, plate="P2", usd=0.375),
    row(**OWN, run="two", plate="P2"),
]
STORED = [file_system(), still_there(name="fs-2", run="two"), file_system("fs-3", run="nothing ran", usd=2.0)]


def costs(wanted=lambda _: True):
    group = group_by("step")
    assert group is not None
    return sum_up(ROWS, wanted, group, STORED)


def test_attempts_and_file_systems_make_the_bill_and_what_is_not_known_is_counted():
    found = costs()
    assert (found.file_systems.count, found.file_systems.usd, found.file_systems.unknown) == (3, 2.5, 1)
    assert found.bill == pytest.approx(0.625 + 2.5)
    assert found.total.unknown == 0, "which counts attempts"


def test_plates_share_their_run_s_file_system_by_what_they_are_charged():
    one, two = (costs(lambda each, plate=plate: each["plate"] == plate) for plate in ("P1", "P2"))
    assert one.file_systems.usd == pytest.approx(0.5 * 0.125 / 0.5)
    assert two.file_systems.usd == pytest.approx(0.5 * 0.375 / 0.5)
    assert (one.file_systems.unknown, two.file_systems.unknown) == (0, 1)


def test_one_whose_run_has_no_attempt_counts_for_that_run_alone():
    assert costs(lambda each: each["run"] == "nothing ran").file_systems.usd == 2.0
    assert costs(lambda each: each["run"] == "one").file_systems.usd == 0.5
    assert costs(lambda each: each["plate"] == "P9").file_systems.count == 0


def test_without_any_price_of_attempts_their_number_divides():
    group = group_by("step")
    assert group is not None
    unpriced = [{**each, "usd": None} for each in ROWS]
    assert sum_up(unpriced, lambda each: each["plate"] == "P1", group, STORED).file_systems.usd == pytest.approx(0.25)


def test_a_month_s_bill_has_them_in_the_line_of_who_owns_the_pipeline():
    lines = list(csv.DictReader(StringIO(charge_back(ROWS, "2026-11", STORED))))
    told = {line["tags"]: line for line in lines if line["owner"] == "ada"}
    assert float(told[r"project=µ\=1"]["usd_bill"]) == pytest.approx(2.5)
    assert told[r"project=µ\=1"]["attempts"] == "0"
    assert float(told[""]["usd_file_systems"]) == 0
    assert (float(lines[-1]["usd_bill"]), lines[-1]["file_systems_without_price"]) == (pytest.approx(3.125), "1")
    assert charge_back(ROWS, "2026-12", STORED).count("\n") == 2, "that of the day on which they were made"


def test_two_runs_are_compared_with_their_file_systems():
    found = {each.step: each for each in compare_runs(ROWS, "one", "two", STORED)}
    compared = found["(file systems)"]
    assert (compared.before.seconds, compared.before.usd, compared.before.on) == (7200.0, 0.5, ("fsx",))
    assert (compared.after.usd, compared.money) == (None, None), "it is still there"
    assert "(file systems)" not in {each.step for each in compare_runs(ROWS, "one", "two")}


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(Storage(str(tmp_path / "ledger")))
    for n, each in enumerate(ROWS):
        submission = Submission(1, "n", "single", 1, (0,), "q", job_id=f"j{n}", submitted_at=each["submitted"])
        ledger.write("demo", submission, [{**each, "job": f"j{n}", "unit": "u"}])
    for each in STORED:
        write_file_system([ledger], each)
    return ledger


def ask(ledger, name, **given):
    answer = ask_duckdb([ledger], find_query(name).filled(given))
    return [dict(zip(answer.columns, each, strict=True)) for each in answer.rows]


def test_queries_sum_them_as_rows_are_summed(ledger):
    runs = {each["run"]: each for each in ask(ledger, "cost-by-run")}
    assert {run: (each["attempts"], each["usd"], each["usd_file_systems"]) for run, each in runs.items()} == {
        "one": (2, 0.5, 0.5),
        "two": (1, 0.125, 0.0),
        "nothing ran": (0, 0.0, 2.0),
    }
    assert [runs[name]["file_systems_without_price"] for name in ("one", "two")] == [0, 1]
    assert [runs[name]["without_price"] for name in ("one", "nothing ran")] == [0, 0]
    projects = {each["project"]: each for each in ask(ledger, "cost-by-project")}
    assert (projects["µ=1"]["usd_file_systems"], projects["µ=1"]["attempts"]) == (2.5, 0)
    stored = ask(ledger, "file-systems", pipeline="demo")
    assert [(each["file_system"], each["hours"], each["gib"]) for each in stored] == [
        ("fs-1", 2.0, 1200.0), ("fs-2", None, 1200.0), ("fs-3", 2.0, 1200.0),
    ]  # fmt: skip
    assert ask(ledger, "file-systems", since="2026-12-01") == []


def test_a_month_of_file_systems_alone_is_a_month(tmp_path):
    ledger = Ledger(Storage(str(tmp_path)))
    write_file_system([ledger], file_system())
    assert write_chargeback(find_ledger(ledger.storage), "2026-11").endswith("/chargeback/2026-11.csv")
    [line, _] = csv.DictReader(StringIO(ledger.storage.get("chargeback/2026-11.csv").decode()))
    assert (line["owner"], line["attempts"], line["usd_bill"]) == ("ada", "0", "0.5")
