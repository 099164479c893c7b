"""Faults injected into the embedded cloud, to test that pipelines survive them."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from random import Random
from typing import Any, Self

VARIABLE = "PLATERUNNER_FAULTS"


@dataclass(frozen=True, slots=True)
class Faults:
    """How often, and what.

    :param throttle: share of Batch calls answered by ``TooManyRequestsException`` (429) and not carried out.
    :param error_5xx: share of Batch calls answered by a 5xx; half of them are carried out all the same.
    :param spot_reclaim: share of attempts on a spot queue that lose their instance.
    :param lost_host: share of attempts on any queue that lose their instance.
    :param lost_after: seconds, at most, from an attempt's start to the loss of its instance.
    :param slow_start: seconds, at most, that a job stays in STARTING.
    :param list_delay: seconds by which ListJobs lags behind.
    :param seed: of the random numbers; a whole number.
    """

    throttle: float = 0.0
    error_5xx: float = 0.0
    spot_reclaim: float = 0.0
    lost_host: float = 0.0
    lost_after: float = 1.0
    slow_start: float = 0.0
    list_delay: float = 0.0
    seed: float = 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """The faults named in ``PLATERUNNER_FAULTS``, a JSON object; none if it is not set.

        :raises ValueError: if a name is unknown or a value is not a number.
        """
        return cls.from_json(environment.get(VARIABLE) or "{}")

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a JSON object.

        :raises ValueError: if it is not one, a name is unknown or a value is not a number.
        """
        known = {field.name for field in fields(cls)}
        try:
            raw = json.loads(text)
            unknown = sorted(set(raw) - known)
            values: dict[str, Any] = {name: float(value) for name, value in raw.items() if name in known}
        except (TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"faults {text!r}: must be a JSON object of numbers") from error
        if unknown:
            raise ValueError(f"faults: there is no {unknown[0]!r}; known are {', '.join(sorted(known))}")
        return cls(**values)


class Dice:
    """Seeded chance.

    :param faults: what may happen; may be replaced while the cloud runs.
    """

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._random = Random(faults.seed)  # noqa: S311  (no secret hangs on it)

    def happens(self, share: float) -> bool:
        """Whether something with this probability happens now."""
        return share > 0 and self._random.random() < share

    def between(self, low: float, high: float) -> float:
        """A number in a range, evenly spread."""
        return self._random.uniform(low, high)
