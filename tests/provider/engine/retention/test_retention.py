"""What goes when it has been kept long enough, what never goes, and what is on record of it."""

import gzip
import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from tests.provider.engine.ledger.test_files import row, submission

from platerunner.batch.model import Submission
from platerunner.engine.connection import ConnectionProblem, ConnectionSettings
from platerunner.engine.ledger.file_systems import read_file_systems, write_file_system
from platerunner.engine.ledger.files import Ledger
from platerunner.engine.ledger.merging import merge_before
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.step_state import StepState
from platerunner.engine.retention import clearing
from platerunner.engine.retention.keeping import keep_no_more
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner.spec.loader import load_text
from platerunner_unit.contract.keys import (
    CARRIED_LIST,
    carried_prefix,
    estimate_key,
    last_run_key,
    plan_key,
    question_key,
    state_key,
)
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import log_key

NOW = datetime(2030, 6, 1, tzinfo=UTC)
RETENTION = {"outcomes": "2 y", "logs": "90 d", "ledger": "7 y"}
OUTCOMES = "_platerunner/outcomes/work"
SPEC = """
version: 1
pipeline: lab
title: Wells
owner: tests
tags: [{tag}]
workspace: "{{{{ workspace_root }}}}/lab"
dataset: {{root: "{{{{ data_root }}}}", files: {{raw: "{{plate}}/{{well}}.sh"}}}}
steps:
  work:
    module: command
    image: base:latest
    foreach: [well]
    inputs: {{raw: dataset.raw}}
    with: {{argv: [sh, "{{inputs.raw}}", "{{outputs.made}}"]}}
    outputs: {{made: "made/{{well}}.txt"}}
"""


@pytest.fixture
def workspace(tmp_path):
    return Storage(str(tmp_path / "workspaces" / "lab"))


def pipeline(tmp_path, tag="screen"):
    return load_text(SPEC.format(tag=tag), tmp_path / "lab.yaml")


def access(tmp_path, **more):
    roots = {"data_root": str(tmp_path / "data"), "workspace_root": str(tmp_path / "workspaces")}
    return DirectAccess({"queues": {"spot": "q"}, "retention": RETENTION, **roots, **more})


def put(workspace, key, days):
    """An object that was written so many days before now."""
    workspace.put(key, b"{}")
    moment = (NOW - timedelta(days=days)).timestamp()
    os.utime(workspace.path(key), (moment, moment))
    return key


def keys(storage):
    return {stored.key for stored in storage.list()}


def test_only_history_that_a_later_success_has_overtaken_goes(workspace, tmp_path):
    kept = {
        put(workspace, f"{OUTCOMES}/well=A01/f1.succeeded.1.r1.json", 4000),
        put(workspace, f"{OUTCOMES}/well=A02/f1.tool_error.1.r1.json", 4000),  # never succeeded: `only` asks for it
        put(workspace, f"{OUTCOMES}/well=A03/f1.succeeded.1.r1.json", 4000),
        put(workspace, f"{OUTCOMES}/well=A03/f2.tool_error.1.r2.json", 3000),  # failed after it had succeeded
        put(workspace, f"{OUTCOMES}/well=A01/f1.tool_error.1.r0.json", 729),
        put(workspace, f"{OUTCOMES}/well=A01/notes.txt", 4000),
        put(workspace, log_key("r1", "work", "well=A01", 1), 89),
        put(workspace, "made/A01.txt", 4000),
    }
    gone = {
        put(workspace, f"{OUTCOMES}/well=A01/f0.tool_error.1.r0.json", 4001),
        put(workspace, f"{OUTCOMES}/well=A01/f0.overwritten.1.r0.json", 4002),
        put(workspace, f"{OUTCOMES}/well=A01/f1.forgotten.1.r0.json", 4003),
        put(workspace, log_key("r0", "work", "well=A01", 1), 91),
    }
    before = OutcomeStore(workspace).index("work")
    [dry, _] = keep_no_more(access(tmp_path), [pipeline(tmp_path)], NOW, dry_run=True)
    assert "would take away 1 of log, 3 of outcome" in dry.sentence(dry_run=True)
    assert keys(workspace) == kept | gone

    [real, _] = keep_no_more(access(tmp_path), [pipeline(tmp_path)], NOW, dry_run=False)
    [record] = real.cleared.records
    assert keys(workspace) == kept | {record}
    lines = [json.loads(line) for line in gzip.decompress(workspace.get(record)).splitlines()]
    assert {line["key"] for line in lines} == gone
    assert {line["since"][:4] for line in lines} == {"2019", "2030"}
    after = OutcomeStore(workspace).index("work")
    for unit, names in before.units.items():
        for name in names:
            assert after.successes(unit, name.fingerprint) == before.successes(unit, name.fingerprint)
    again = list(keep_no_more(access(tmp_path), [pipeline(tmp_path)], NOW, dry_run=False))
    assert [each.cleared.sentence for each in again] == ["nothing", "nothing"]


def carried(workspace, unit, days):
    """What a unit left for its next attempt so many days before now."""
    prefix = carried_prefix("work", unit)
    return {put(workspace, f"{prefix}{name}", days) for name in (64 * "a", CARRIED_LIST)}


def test_what_a_unit_carries_goes_once_it_has_succeeded_with_it(workspace, tmp_path):
    kept = {
        put(workspace, f"{OUTCOMES}/well=A01/f1.succeeded.1.r1.json", 100),
        put(workspace, f"{OUTCOMES}/well=A02/f1.tool_error.1.r1.json", 100),
        put(workspace, f"{OUTCOMES}/well=A03/f1.succeeded.1.r1.json", 200),
        put(workspace, f"{OUTCOMES}/well=A04/f1.succeeded.1.r1.json", 9),
        *carried(workspace, "well=A02", 101),  # failed: its next attempt goes on from there
        *carried(workspace, "well=A03", 101),  # failed since it has succeeded
        *carried(workspace, "well=A04", 9),
    }
    gone = carried(workspace, "well=A01", 101)
    list(keep_no_more(access(tmp_path, retention={"carried": "10 d"}), [pipeline(tmp_path)], NOW, dry_run=False))
    assert {key for key in keys(workspace) if "/retention/" not in key} == kept
    [record] = [key for key in keys(workspace) if "/retention/" in key]
    lines = [json.loads(line) for line in gzip.decompress(workspace.get(record)).splitlines()]
    assert {line["key"] for line in lines} == gone
    assert lines[0]["key"].endswith(CARRIED_LIST)  # first, lest one is left that names what is gone


def state(workspace, run, days, **more):
    """A run's state of the step, written so many days before now."""
    key = state_key(run, "work")
    workspace.put(key, StepState(run, "work", **more).to_json())
    moment = (NOW - timedelta(days=days)).timestamp()
    os.utime(workspace.path(key), (moment, moment))
    return key


def test_records_of_runs_go_but_for_what_counts_may_still_end_or_is_the_last_of_a_step(workspace, tmp_path):
    job = Submission(1, "n", "single", 1, (0,), "q", job_id="j", submitted_at="2030-05-20T00:00:00+00:00")
    owner = {"airflow": "", "dag_id": "d", "task_id": "t", "map_index": -1, "run_id": "last"}
    kept = {
        put(workspace, f"{OUTCOMES}/well=A01/f1.succeeded.1.made.json", 300),
        put(workspace, plan_key("young", "work", "plate=P1"), 9),
        state(workspace, "has-a-job", 12, submissions=(job,)),
        put(workspace, question_key("asks", "look"), 300),
        put(workspace, plan_key("asks", "work"), 300),
        put(workspace, "_platerunner/runs/made/work/1.step.json", 300),
        put(workspace, plan_key("last", "work"), 300),
        put(workspace, plan_key("before", "work"), 300),
    }
    record = last_run_key("work")
    workspace.put(record, json.dumps({**owner, "before": [{**owner, "run_id": "before"}]}).encode())
    gone = {
        put(workspace, plan_key("old", "work", "plate=P1"), 11),
        put(workspace, estimate_key("old"), 11),
        put(workspace, "_platerunner/runs/old/work/1.step.json", 12),
        put(workspace, "_platerunner/runs/made/work/1.units.jsonl", 300),
        state(workspace, "made", 300),
        state(workspace, "job-of-long-ago", 31, submissions=(job,)),
    }
    told = access(tmp_path, retention={"runs": "10 d"})
    [cleared, _] = keep_no_more(told, [pipeline(tmp_path)], NOW, dry_run=False)
    assert "took away 6 of run record" in cleared.sentence(dry_run=False)
    assert keys(workspace) == kept | {record, *cleared.cleared.records}
    [line, *_] = gzip.decompress(workspace.get(*cleared.cleared.records)).splitlines()
    assert json.loads(line)["key"] in gone


def test_what_was_written_down_and_not_taken_away_goes_the_next_time(workspace, tmp_path, monkeypatch):
    keys_of_logs = [put(workspace, log_key("r0", "work", f"well=A{i:02}", 1), 100) for i in range(5)]
    monkeypatch.setattr(clearing, "AT_ONCE", 2)
    deleted, delete = [], Storage.delete

    def die(storage, key):
        if len(deleted) == 3:
            raise KeyboardInterrupt
        deleted.append(key)
        delete(storage, key)

    monkeypatch.setattr(Storage, "delete", die)
    with pytest.raises(KeyboardInterrupt):
        list(keep_no_more(access(tmp_path), [pipeline(tmp_path)], NOW, dry_run=False))
    monkeypatch.setattr(Storage, "delete", delete)
    list(keep_no_more(access(tmp_path), [pipeline(tmp_path)], NOW + timedelta(seconds=1), dry_run=False))
    records = [stored.key for stored in workspace.list("_platerunner/retention/")]
    named = {json.loads(line)["key"] for key in records for line in gzip.decompress(workspace.get(key)).splitlines()}
    assert set(deleted) <= named == set(keys_of_logs)
    assert keys(workspace) == set(records)


@pytest.mark.parametrize("tag", ["legal-hold", "screen"])
def test_a_pipeline_with_the_tag_of_a_hold_is_kept_whole(workspace, tmp_path, tag):
    log = put(workspace, log_key("r0", "work", "well=A01", 1), 4000)
    shared = Ledger(Storage(str(tmp_path / "ledger")))
    shared.write("lab", submission("j", "2020-01-01T00:00:00+00:00"), [row("j")])
    done = list(
        keep_no_more(access(tmp_path, ledger=shared.storage.url), [pipeline(tmp_path, tag)], NOW, dry_run=False)
    )
    assert workspace.exists(log) == (tag == "legal-hold")
    assert bool(list(shared.rows())) == (tag == "legal-hold")
    assert ("lab: held, nothing goes" in [each.sentence(dry_run=False) for each in done]) == (tag == "legal-hold")


def test_days_of_a_ledger_go_whole_unless_a_row_has_the_tag(tmp_path):
    shared = Ledger(Storage(str(tmp_path / "ledger")))
    for day, tags in (("2020-01-01", {}), ("2020-01-02", {"legal-hold": "suit-7"}), ("2029-01-01", {})):
        shared.write("old", submission(f"j{day}", f"{day}T00:00:00+00:00"), [row(f"j{day}", tags=tags), row("other")])
    merge_before(shared, datetime(2021, 1, 1, tzinfo=UTC).date())
    [_, _, kept] = keep_no_more(access(tmp_path, ledger=shared.storage.url), [pipeline(tmp_path)], NOW, dry_run=False)
    assert {section.day.isoformat() for section in shared.sections()} == {"2020-01-02", "2029-01-01"}
    [record] = kept.cleared.records
    assert "date=2020-01-01" in gzip.decompress(shared.storage.get(record)).decode()


@pytest.mark.parametrize(
    ("values", "stays"),
    [({}, False), ({"tags": {"legal-hold": "suit-7"}}, True), ({"started": "2029-01-01T00:00:00+00:00"}, True)],
)
def test_file_systems_of_a_ledger_go_with_its_days(tmp_path, values, stays):
    shared = Ledger(Storage(str(tmp_path / "ledger")))
    write_file_system(
        [shared], {"file_system": "fs-1", "started": "2020-01-01T00:00:00+00:00", "ended": None, **values}
    )
    [_, _, kept] = keep_no_more(access(tmp_path, ledger=shared.storage.url), [pipeline(tmp_path)], NOW, dry_run=False)
    assert bool(read_file_systems([shared])) is stays
    assert kept.cleared.counts["ledger"] == (not stays)


def test_without_a_word_of_it_everything_is_kept(workspace, tmp_path):
    put(workspace, log_key("r0", "work", "well=A01", 1), 40_000)
    assert list(keep_no_more(access(tmp_path, retention={}), [pipeline(tmp_path)], NOW, dry_run=False)) == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"logs": "12 h"}, "'12 h' is no period; write it like 90 d"),
        ({"logs": "0.5 d"}, "'0.5 d' is under a day, in which runs may still be at work"),
        ({"logs": "0 y"}, "is under a day"),
        ({"logs": "101 y"}, "more than 100 years; leave it out"),
        ({"log": "90 d"}, "retention has no 'log'; it takes outcomes, logs, runs, carried, ledger and hold"),
        ({"logs": "-3 d"}, "is no period"),
    ],
)
def test_a_period_that_cannot_be_meant_is_refused(told, said):
    with pytest.raises(ConnectionProblem) as caught:
        ConnectionSettings.from_extra("platerunner", {"queues": {"spot": "q"}, "retention": told})
    assert said in str(caught.value)
