"""Merging is safe: whoever dies where, and whoever writes, reads and merges meanwhile, each row is there once."""

import contextlib
import itertools
import threading
from typing import Any

import pytest
from tests.provider.engine.ledger.test_files import LATER, jobs_of, put

from platerunner.engine.ledger.files import MERGED, NEW, Ledger
from platerunner.engine.ledger.merging import merge_before
from platerunner_unit.contract.storage import Storage


class Killed(BaseException):
    """Stands for SIGKILL."""


class Mortal(Storage):
    """A storage that its process changes so many times, and no more.

    :param changes: that it lives to make.
    :param before: what others do before each change.
    """

    def __init__(self, url: str, changes: int, before: Any = lambda: None) -> None:
        super().__init__(url)
        self._left = iter(range(changes))
        self._before = before

    def _check(self) -> None:
        if next(self._left, None) is None:
            raise Killed
        self._before()

    def put(self, key: str, data: Any, attributes: Any = None) -> None:
        self._check()
        super().put(key, data, attributes)

    def put_if(self, key: str, data: bytes, etag: str | None) -> str | None:
        self._check()
        return super().put_if(key, data, etag)

    def delete(self, key: str) -> None:
        self._check()
        super().delete(key)


def files_of(ledger: Ledger, kind: str) -> int:
    return len(list(ledger.storage.list(kind)))


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(Storage(str(tmp_path)))


@pytest.mark.parametrize("changes", range(9))
def test_a_merge_that_dies_anywhere_loses_and_doubles_nothing_and_the_next_one_ends_it(tmp_path, ledger, changes):
    put(ledger, "a", "b")
    assert merge_before(ledger, LATER)
    put(ledger, "c", "d")
    with contextlib.suppress(Killed):
        merge_before(Ledger(Mortal(str(tmp_path), changes)), LATER)
    assert jobs_of(ledger) == ["a", "b", "c", "d"]
    put(ledger, "e")
    assert jobs_of(ledger) == ["a", "b", "c", "d", "e"]
    assert merge_before(ledger, LATER)
    assert jobs_of(ledger) == ["a", "b", "c", "d", "e"]
    assert (files_of(ledger, NEW), files_of(ledger, MERGED)) == (0, 1)
    assert not merge_before(ledger, LATER), "there is nothing new"


@pytest.mark.parametrize("change", range(8))
def test_who_merges_the_same_at_the_same_time_loses_and_doubles_nothing(tmp_path, ledger, change):
    """Before any change of one, another merges all there is, and a step writes."""
    put(ledger, "a", "b", "c")
    steps = itertools.count()

    def others() -> None:
        if next(steps) == change:
            merge_before(ledger, LATER)
            put(ledger, "d")
            merge_before(ledger, LATER)
        assert set(jobs_of(ledger)) >= {"a", "b", "c"}
        assert len(jobs_of(ledger)) == len(set(jobs_of(ledger)))

    merge_before(Ledger(Mortal(str(tmp_path), 99, others)), LATER)
    put(ledger, "e")
    merge_before(ledger, LATER)
    expected = ["a", "b", "c", "e"] if next(steps) <= change else ["a", "b", "c", "d", "e"]
    assert jobs_of(ledger) == expected
    assert (files_of(ledger, NEW), files_of(ledger, MERGED)) == (0, 1)


def test_what_is_collected_again_after_it_was_merged_is_not_counted_twice(ledger):
    put(ledger, "a", "b")
    merge_before(ledger, LATER)
    put(ledger, "a")
    assert jobs_of(ledger) == ["a", "b"]
    put(ledger, "c")
    merge_before(ledger, LATER)
    assert jobs_of(ledger) == ["a", "b", "c"]
    assert files_of(ledger, NEW) == 0


def test_readers_see_every_row_once_while_steps_write_and_two_merge(ledger, tmp_path):
    put(ledger, "0")
    over = threading.Event()
    failed: list[BaseException] = []

    def merge_on() -> None:
        try:
            while not over.is_set():
                merge_before(Ledger(Storage(str(tmp_path))), LATER)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=merge_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for n in range(1, 25):
            put(ledger, str(n))
            assert jobs_of(ledger) == sorted(map(str, range(n + 1)))
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not failed
    assert jobs_of(ledger) == sorted(map(str, range(25)))


def test_a_file_that_was_taken_away_by_hand_does_not_stop_the_others(ledger, tmp_path):
    put(ledger, "a", "b")
    with contextlib.suppress(Killed):
        merge_before(Ledger(Mortal(str(tmp_path), 1)), LATER)  # only what it is about to do is written down
    [found] = ledger.sections().values()
    ledger.storage.delete(found.new[0])
    (left,) = jobs_of(ledger)
    assert merge_before(ledger, LATER)
    assert jobs_of(ledger) == [left]
