"""The outcome store: many outcomes from one LIST, and the record of what is current in a run."""

from pathlib import Path

import pytest
from tests.provider.engine.planning.s3 import s3_bucket

from platerunner.engine.planning.model import PlannedUnit, UnitState
from platerunner.engine.records.done import Current
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.manifest import OpenOutput, OutputFile, UnitTask
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.storage import AccessDeniedError, NotFoundError, Storage


@pytest.fixture(params=["folder", "s3"])
def workspace(request, tmp_path):
    if request.param == "folder":
        yield Storage(str(tmp_path / "work"))
    else:
        with s3_bucket() as bucket:
            yield Storage(f"s3://{bucket}/work")


A01 = "plate=P%2F1/well=A01"


def _outcome(unit=A01, fingerprint="a" * 32, category="succeeded", step="s", run_id="r", attempt=1):
    ended = {"ended": f"2026-11-29T10:0{attempt}"}
    return Outcome("p", run_id, step, unit, {}, fingerprint, attempt, Verdict(category, "so it is"), timing=ended)


def test_an_empty_workspace_knows_nothing(workspace):
    index = OutcomeStore(workspace).index("s")
    assert index.units == {}


def test_the_index_tells_all_attempts_apart(workspace):
    store = OutcomeStore(workspace)
    for outcome in (
        _outcome(),
        _outcome(category="partial"),
        _outcome(fingerprint="b" * 32, category="out_of_memory"),
        _outcome(unit="plate=P2", category="timed_out"),
        _outcome(step="s2"),
    ):
        store.write(outcome)
    workspace.put("_platerunner/outcomes/s/notes.txt", b"by hand")
    index = store.index("s")
    assert set(index.units) == {"plate=P%2F1/well=A01", "plate=P2"}
    assert index.fingerprints("plate=P%2F1/well=A01") == {
        "a" * 32: {Category.SUCCEEDED, Category.PARTIAL},
        "b" * 32: {Category.OUT_OF_MEMORY},
    }
    assert index.categories("plate=P2", "a" * 32) == {Category.TIMED_OUT}
    assert index.categories("nobody", "a" * 32) == frozenset()


def test_an_outcome_reads_back(workspace):
    store = OutcomeStore(workspace)
    store.write(_outcome())
    assert store.read("s", _outcome().unit, "a" * 32, Category.SUCCEEDED) == _outcome()
    with pytest.raises(NotFoundError):
        store.read("s", _outcome().unit, "a" * 32, Category.PARTIAL)


def test_a_workspace_that_cannot_be_written_says_so_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AccessDeniedError, match="file/work cannot be written") as caught:
        OutcomeStore(Storage(str(tmp_path / "file" / "work"))).write(_outcome())
    assert "\n" not in str(caught.value)


def _task(unit, sites, *, opened=False):
    files = tuple(OutputFile(f"{unit}/{site}", {"plate": unit, "site": site}) for site in sites)
    return UnitTask(unit, {"plate": unit}, "f", {}, {"o": files}, {"tiles": OpenOutput("x")} if opened else {})


def test_current_units_read_back_with_the_values_of_their_files(workspace):
    store = OutcomeStore(workspace)
    assert store.current("run", "s") is None
    store.record_current("run", "s", ["plate"], [_task("P1", [1, 2]), _task("P2", [1]), _task("P3", [1, 2])])
    current = store.current("run", "s")
    assert current is not None
    assert set(current.units) == {"P1", "P2", "P3"}
    assert len(current.shapes) == 2
    assert store.current("other run", "s") is None


@pytest.mark.parametrize(
    ("unit", "output", "site", "allowed"),
    [
        ("P1", "o", 2, True),
        ("P1", "o", "2", True),
        ("P1", "o", 3, False),
        ("P2", "o", 2, False),
        ("P9", "o", 1, False),
        ("P1", "tiles", 77, True),
    ],
)
def test_a_file_counts_if_its_unit_wrote_it_this_time(unit, output, site, allowed):
    current = Current.of(["plate"], [_task("P1", [1, 2], opened=True), _task("P2", [1])])
    for each in (current, Current.from_json(current.to_json())):
        assert each.allows(unit, output, {"plate": unit, "site": site}) is allowed


def test_a_step_without_any_done_unit_lets_nothing_pass(workspace):
    store = OutcomeStore(workspace)
    store.record_current("run", "s", ["plate"], [])
    current = store.current("run", "s")
    assert current is not None
    assert not current.allows("P1", "o", {"plate": "P1"})


def test_no_attempt_takes_the_place_of_another(workspace):
    store = OutcomeStore(workspace)
    made = [
        _outcome(category="tool_error", run_id=run, attempt=n) for run in ("r1", "manual__1.5+0") for n in (1, 2, 3)
    ]
    for outcome in made:
        store.write(outcome)
    assert sorted((o.run_id, o.attempt) for o in store.attempts("s", A01)) == sorted(
        (o.run_id, o.attempt) for o in made
    )
    assert store.read("s", A01, "a" * 32, Category.TOOL_ERROR).attempt == 3
    index = store.index("s")
    assert index.categories(A01, "a" * 32) == {Category.TOOL_ERROR}
    assert {kept.attempt for kept in index.attempts(A01, "a" * 32, "r1", after=1)} == {2, 3}
    assert index.attempts(A01, "a" * 32, "r2", after=0) == []


def test_what_is_forgotten_makes_nothing_done_and_is_kept(workspace):
    store = OutcomeStore(workspace)
    store.write(_outcome())
    store.write(_outcome(category="tool_error"))
    workspace.put(f"_platerunner/outcomes/s/{A01}/{'a' * 32}.succeeded.json", _outcome(run_id="old").to_json())
    task = UnitTask(A01, {}, "a" * 32, {}, {})
    for _ in range(2):
        store.forget("s", [PlannedUnit.of(task, UnitState.DONE)])
        index = store.index("s")
        assert index.categories(A01, "a" * 32) == {Category.TOOL_ERROR}
        assert index.forgotten(A01, "a" * 32)
        assert [o.verdict.category for o in store.attempts("s", A01)].count("succeeded") == 2
    store.write(_outcome(run_id="r2"))
    assert Category.SUCCEEDED in store.index("s").categories(A01, "a" * 32)


def test_a_workspace_of_a_version_before_is_read_as_it_is():
    """Recorded: a unit that succeeded, and failed when its command was another."""
    store = OutcomeStore(Storage(str(Path(__file__).parents[3] / "data" / "workspace_of_0.1")))
    unit = "plate=P1/well=A01"
    index = store.index("s")
    assert index.categories(unit, "f1") == {Category.SUCCEEDED, Category.TOOL_ERROR}
    first, last = store.attempts("s", unit)
    assert (first.verdict.category, first.run_id, first.attempt) == ("succeeded", "r1", 1)
    assert last.verdict.category == "tool_error"
    assert store.read("s", unit, "f1", Category.SUCCEEDED) == first
    assert {kept.word for kept in index.attempts(unit, "f1", "r1", after=0)} == {"succeeded", "tool_error"}
