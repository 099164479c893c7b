"""What OpenTelemetry's exporters have to say, kept to one line."""

from __future__ import annotations

import logging

_LONGEST = 300


class Messages(logging.Handler):
    """Keeps the last warning of the exporters: a collector that is down would fill the log with retries."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""

    @classmethod
    def instead_of_stderr(cls) -> Messages:
        """Take over the ``opentelemetry`` loggers of this process."""
        messages = cls()
        logger = logging.getLogger("opentelemetry")
        logger.handlers = [messages]
        logger.propagate = False
        return messages

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.keep(record.getMessage())

    def keep(self, message: str) -> None:
        """Keep a message, on one line."""
        text = " ".join(message.split())
        self.last = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
