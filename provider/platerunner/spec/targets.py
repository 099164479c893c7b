"""What ``inputs``, ``show`` and ``needs`` name: a step, perhaps some members of its matrix, and an output of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

_NAME = r"[A-Za-z][A-Za-z0-9_]*"
_TARGET = re.compile(rf"(?P<step>{_NAME})(?:\[(?P<where>[^\[\]]*)\])?(?:\.(?P<output>{_NAME}))?")


@dataclass(frozen=True, slots=True)
class Target:
    """What a text names.

    :param step: a step, a gate, or ``dataset``.
    :param output: of the step, or a file set; empty if none is named.
    :param where: what the values of the step's matrix have to be; empty for all members.
    """

    step: str
    output: str = ""
    where: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def parse_target(text: str) -> Target | None:
    """Read ``step``, ``step.output`` or ``step[threshold=0.2, size=3].output``; None if it is none of these."""
    found = _TARGET.fullmatch(text)
    if found is None:
        return None
    pairs = [part.partition("=") for part in (found["where"] or "").split(",") if part.strip()]
    if any(not equals or not value.strip() for _, equals, value in pairs) or found["where"] == "":
        return None
    where = {name.strip(): value.strip() for name, _, value in pairs}
    return Target(found["step"], found["output"] or "", where)


def parse_output(text: str) -> Target | None:
    """Read what names an output or a file set; None if it does not."""
    target = parse_target(text)
    return target if target is not None and target.output else None
