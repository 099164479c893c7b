"""What a collector needs to know about lines: which belong together, how severe they are, what in them is secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Optional

from platerunner_unit.telemetry.lines import LINE_LIMIT, Line

MASK = "****"
LONGEST = 2000
"""Lines of a traceback that go out as one record."""

_PYTHON = "Traceback (most recent call last):"
_JAVA = re.compile(r"^(Exception in thread .*|(\w+\.)+\w*(Exception|Error)(: .*)?)$")
_JAVA_GOES_ON = re.compile(r"^(\s+at |\s+\.\.\. \d+ |Caused by: )")

_LEVELS = {
    "TRACE": "DEBUG", "DEBUG": "DEBUG", "INFO": "INFO", "NOTICE": "INFO", "WARN": "WARN", "WARNING": "WARN",
    "ERROR": "ERROR", "SEVERE": "ERROR", "CRITICAL": "FATAL", "FATAL": "FATAL",
}  # fmt: skip
_LEVEL = re.compile(rf"(?<![\w/.-])({'|'.join(_LEVELS)})(?![\w/.-])")
_BEGINNING = re.compile(r"^\s*(?:(?P<error>error|fatal)|(?P<warn>warning))\b", re.IGNORECASE)
_NAMED = re.compile(r"^(\w+\.)*\w*(Error|Exception)(:|$)")
_HEAD = 160
"""Characters at the start of a line in which loggers give the severity."""

# A secret is preceded by its name: a line without one of these names has nothing to mask.
_WORDS = (
    "akia", "asia", "secret", "passw", "token", "api", "authorization", "bearer", "://", "signature=", "credential",
)  # fmt: skip
_VALUE = r"[^\s\"',;&]+"
_NAME = r"(?:secret|passwo?r?d|passwd|api[_-]?key|(?:access|auth|session|security|refresh|id)[_-]?token)[\w-]*"
_SECRETS = (
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MASK),
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)"), rf"\1{MASK}"),
    (re.compile(rf"(\bbearer\s+){_VALUE}", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(rf"(\bauthorization[\"']?\s*[:=]\s*(?:basic\s+)?)(?!bearer){_VALUE}", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(rf"({_NAME}[\"']?\s*[:=]\s*[\"']?){_VALUE}", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(rf"((?:token|signature|credential)=){_VALUE}", re.IGNORECASE), rf"\1{MASK}"),
)
"""Patterns and their replacements, applied in order."""


def masked(text: str) -> str:
    """The text without the secrets in it.

    :param text: a line, or several.
    """
    lowered = text.lower()
    if not any(word in lowered for word in _WORDS):
        return text
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def severity_of(text: str) -> Optional[str]:
    """The severity that a line gives, ``DEBUG`` to ``FATAL`` in OpenTelemetry's names; None if it gives none.

    :param text: a line, or a traceback.
    """
    if text.startswith(_PYTHON) or _NAMED.match(text) or _JAVA.match(text.partition("\n")[0]):
        return "ERROR"
    if found := _LEVEL.search(text, 0, _HEAD):
        return _LEVELS[found[1]]
    begins = _BEGINNING.match(text)
    return None if begins is None else "ERROR" if begins["error"] else "WARN"


class Joiner:
    """Puts the lines of a traceback together; all others pass as they are."""

    def __init__(self) -> None:
        self._held: list[Line] = []
        self._python = False

    def join(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The records that these lines complete; one that may continue is held back.

        :param lines: in order.
        """
        for line in lines:
            if self._held and self._goes_on(line.text):
                self._held.append(line)
                if self._python and not _inside(line.text):
                    yield from self.flush()
                continue
            yield from self.flush()
            self._python = line.text == _PYTHON
            if self._python or _JAVA.match(line.text):
                self._held.append(line)
            else:
                yield line

    def flush(self) -> Iterator[Line]:
        """Release what is held back, because nothing came for a while or the output ended."""
        if self._held:
            held, self._held = self._held, []
            text = "\n".join(line.text for line in held)
            yield replace(held[0], text=text[:LINE_LIMIT], count=len(held))

    def _goes_on(self, text: str) -> bool:
        if len(self._held) >= LONGEST:
            return False
        # The line that names the exception is the first that is not indented.
        return self._python or _JAVA_GOES_ON.match(text) is not None


def _inside(text: str) -> bool:
    return not text or text[0].isspace()
