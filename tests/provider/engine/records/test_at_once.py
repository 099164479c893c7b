"""Records of many branches: read at the same time, told in order, and no refusal is lost."""

import threading

import pytest
from tests.embedded import TIMEOUT_S

from platerunner.engine.records.at_once import read_at_once
from platerunner.engine.records.codec import RecordError


def test_places_are_read_at_the_same_time_and_told_in_their_order():
    """Four readers meet at a barrier, which one after the other would never pass."""
    all_four = threading.Barrier(4, timeout=TIMEOUT_S)
    assert read_at_once(lambda place: (all_four.wait() < 4, place), "abcd") == [(True, place) for place in "abcd"]
    assert read_at_once(len, []) == []


def test_a_record_that_is_damaged_is_told():
    def read(place: str) -> str:
        if place == "b":
            raise RecordError(f"{place} is damaged")
        return place

    with pytest.raises(RecordError, match="b is damaged"):
        read_at_once(read, "abc")
