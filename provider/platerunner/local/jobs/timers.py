"""Things to be done later."""

import heapq
import threading
import time
from collections.abc import Callable
from typing import Any


class Timers:
    """Calls things later, all in one thread."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._closed = False
        threading.Thread(target=self._run, name="platerunner-timers", daemon=True).start()

    def after(self, seconds: float, call: Callable[..., None], *args: object) -> None:
        """Call something once, later."""
        with self._condition:
            self._count += 1
            heapq.heappush(self._heap, (time.monotonic() + seconds, self._count, call, args))
            self._condition.notify()

    def close(self) -> None:
        """Forget what is left."""
        with self._condition:
            self._closed = True
            self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                if self._closed:
                    return
                wait = self._heap[0][0] - time.monotonic() if self._heap else None
                if wait is None or wait > 0:
                    self._condition.wait(wait)
                    continue
                _, _, call, args = heapq.heappop(self._heap)
            call(*args)
