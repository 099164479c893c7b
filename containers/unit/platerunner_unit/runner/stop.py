"""Requests to stop: TERM or INT from outside, or the end of the process that started us."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Optional

from platerunner_unit.contract.processes import is_alive

_PARENT_CHECK_S = 1.0


class Stop:
    """Remembers the first request to stop; handlers only take notes, so that no work is torn in the middle.

    :param parent: pid whose end counts as a request; None for none.
    """

    def __init__(self, parent: Optional[int] = None) -> None:
        self.number: Optional[int] = None
        self.at: Optional[float] = None
        self._parent = parent
        self._checked = 0.0
        self._wakeup, self._writer = os.pipe()
        for fd in (self._wakeup, self._writer):
            os.set_blocking(fd, False)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Take the signals; the handlers from before come back at the end."""
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before: dict[int, Any] = {number: signal.signal(number, self._note) for number in numbers}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        fd = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(fd)
            for number, handler in before.items():
                signal.signal(number, handler)

    def requested(self) -> bool:
        """Whether the unit has to stop."""
        if self.number is None and self._parent is not None and time.monotonic() - self._checked > _PARENT_CHECK_S:
            self._checked = time.monotonic()
            if not is_alive(self._parent):
                self._note(signal.SIGTERM, None)
        return self.number is not None

    def wait(self, seconds: float) -> None:
        """Sleep until a signal comes, a child's end included."""
        readable, _, _ = select.select([self._wakeup], [], [], max(0.0, seconds))
        if readable:
            os.read(self._wakeup, 4096)

    def _note(self, number: int, _frame: Optional[FrameType]) -> None:
        if self.number is None:
            self.number, self.at = number, time.monotonic()
