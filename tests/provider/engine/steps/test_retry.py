import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner.batch.model import Ask
from platerunner.catalog.model import Resources
from platerunner.engine.steps.attempts import MAX_LOSSES, History, next_ask
from platerunner.spec.settings import Retry
from platerunner_unit.contract.category import CATEGORIES, Category
from platerunner_unit.contract.category import Retry as Worth

ASK = Ask.of(Resources(vcpus=2, memory=8 << 30, disk=50 << 30, timeout=600, capacity="spot"))
POLICY = Retry(attempts=3, memory=2, disk=1.5, timeout=3, on_demand_after=2)


@pytest.mark.parametrize(
    ("category", "field", "value"),
    [("out_of_memory", "memory", 16 << 30), ("out_of_disk", "disk", 75 << 30), ("timed_out", "timeout", 1800)],
)
def test_what_ran_out_grows_by_the_steps_factor_and_nothing_else_does(category, field, value):
    grown = next_ask(Category(category), ASK, History(1), POLICY)
    assert {name for name in ASK.to_json() if getattr(grown, name) != getattr(ASK, name)} == {field}
    assert getattr(grown, field) == value


def test_attempts_end_at_the_steps_limit():
    assert next_ask(Category.OUT_OF_MEMORY, ASK, History(2), POLICY) is not None
    assert next_ask(Category.OUT_OF_MEMORY, ASK, History(3), POLICY) is None


def test_once_means_once_per_category():
    assert next_ask(Category.TIMED_OUT, ASK, History(1), POLICY) is not None
    assert next_ask(Category.TIMED_OUT, ASK, History(2, seen=["timed_out"]), POLICY) is None
    assert next_ask(Category.UNKNOWN, ASK, History(2, seen=["timed_out"]), POLICY) is not None


def test_lost_hosts_count_against_no_limit_and_move_the_unit_to_on_demand():
    spent = History(attempts=3, losses=1)
    assert next_ask(Category.SPOT_INTERRUPTED, ASK, spent, POLICY) == ASK
    assert next_ask(Category.SPOT_INTERRUPTED, ASK, History(3, losses=2), POLICY).capacity == "on_demand"


def test_a_unit_that_kills_every_host_comes_to_an_end():
    assert next_ask(Category.HOST_LOST, ASK, History(0, losses=MAX_LOSSES), POLICY) is None


@given(
    st.sampled_from(Category),
    st.integers(0, 5),
    st.integers(0, 30),
    st.sets(st.sampled_from([c.value for c in Category])),
)
def test_no_attempt_for_what_is_not_worth_it_and_never_less_than_before(category, attempts, losses, seen):
    ask = next_ask(category, ASK, History(attempts, losses, seen), POLICY)
    if CATEGORIES[category].retry is Worth.NO:
        assert ask is None
    if ask is not None:
        assert (ask.memory, ask.disk, ask.timeout) >= (ASK.memory, ASK.disk, ASK.timeout)
        assert attempts < POLICY.attempts or CATEGORIES[category].retry is Worth.FREE


def test_an_ask_survives_its_storage():
    assert Ask.from_json(ASK.to_json()) == ASK
