"""Reads records of many branches at once: each is a round trip, and a run has a hundred plates."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

THREADS = 16


def read_at_once[T, U](read: Callable[[T], U], places: Iterable[T]) -> list[U]:
    """What is read in several places, in their order.

    :param read: reads one; called in several threads at a time.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(read, places))
