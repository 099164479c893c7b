from dataclasses import replace

from platerunner.batch.model import Ask, Submission
from platerunner.catalog.model import Resources
from platerunner.engine.records.step_state import StepState, UnitFailure
from platerunner.engine.steps.attempts import again, beyond, by_need, record, remember
from platerunner.spec.settings import Retry
from platerunner_unit.contract.category import Category

ASK = Ask.of(Resources())
STATE = StepState("run", "measure")


def failure(unit, category=Category.OUT_OF_MEMORY):
    return UnitFailure(unit, category, "The memory limit was reached.", "Killed", f"job:{unit}")


def ran(state, *units, n=1, ended_at="2026"):
    """The state with a submission that has ended, or goes on."""
    made = Submission(n, f"s{n}", "array", len(units), units, "spot", ASK.to_json(), f"job-{n}", ended_at=ended_at)
    return state.with_submission(made)


def stored(state):
    return StepState.from_json(state.to_json())


def test_a_failure_is_remembered_until_the_unit_succeeds():
    state = stored(record(STATE, ["a"], [failure("b")]))
    assert dict(state.failures) == {"b": failure("b")}
    assert (state.attempts, state.losses) == ({"a": 1, "b": 1}, {})
    state = stored(record(state, ["b"], []))
    assert state.failures == {}
    assert state.succeeded == ("a", "b")
    assert state.attempts["b"] == 2


def test_lost_hosts_are_counted_apart():
    state = record(STATE, [], [failure("a", Category.HOST_LOST)])
    assert (state.attempts, state.losses) == ({}, {"a": 1})


def test_only_units_worth_it_come_again_grouped_by_what_they_ask_for():
    state = record(
        STATE, ["a"], [failure("b"), failure("c"), failure("d", Category.TOOL_ERROR), failure("e", Category.UNKNOWN)]
    )
    groups = again(ran(state, *"abcde"), Retry())
    assert {ask.memory: [f.unit for f in group] for ask, group in groups.items()} == {
        2 * ASK.memory: ["b", "c"],
        ASK.memory: ["e"],
    }


def test_once_is_once_over_several_submissions():
    state = record(STATE, [], [failure("a", Category.TIMED_OUT)])
    state = ran(state, "a")
    assert again(state, Retry())
    state = stored(record(state, [], [failure("a", Category.TIMED_OUT)]))
    assert again(ran(state, "a", n=2), Retry()) == {}


def test_units_that_run_are_left_alone_and_others_come_again_whenever_they_failed():
    state = ran(ran(record(STATE, [], [failure("a"), failure("b")]), "a", "b"), "b", n=2, ended_at=None)
    assert [f.unit for group in again(state, Retry()).values() for f in group] == ["a"]
    assert again(record(STATE, [], [failure("c")]), Retry()) == {}, "no job of this run ever had it"


def test_a_cleared_task_counts_anew_but_remembers_what_units_need():
    state = record(STATE, [], [failure("a")])
    state = remember(state, again(ran(state, "a"), Retry()))
    cleared = stored(state.fresh())
    assert (cleared.attempts, cleared.failures) == ({}, {})
    groups = by_need(["a", "b"], cleared, lambda _unit: ASK)
    assert {ask.memory: units for ask, units in groups.items()} == {2 * ASK.memory: ["a"], ASK.memory: ["b"]}


def test_what_a_unit_needs_is_never_below_what_the_step_asks_for_now():
    state = remember(record(STATE, [], [failure("a")]), {ASK: [failure("a")]})
    raised = Ask.of(Resources(memory=64 << 30))
    assert by_need(["a"], state, lambda _unit: raised) == {raised: ["a"]}


def test_only_what_goes_beyond_the_step_is_worth_keeping_for_later_runs():
    more = replace(ASK, memory=2 * ASK.memory)
    state = remember(STATE, {more: [failure("a")], replace(ASK, capacity="on_demand"): [failure("b")]})
    assert beyond(state, lambda _unit: ASK) == {"a": more}
    assert beyond(state, lambda _unit: more) == {}
