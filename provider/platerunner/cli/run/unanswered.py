"""The gates of a run that nobody is there to answer."""

import time
from dataclasses import dataclass, field

from platerunner_unit.contract.unit_keys import natural_key

WAITING = "waiting"
"""State of a run that did all that it could without an answer."""


@dataclass
class Unanswered:
    """Gates that wait, and since when nothing else has gone on."""

    gates: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    still_since: float | None = None

    def add(self, gate: str, place: str) -> None:
        """Remember a gate.

        :param gate: its name.
        :param place: the same for people, with its branch.
        """
        self.places.append(place)
        if gate not in self.gates:
            self.gates.append(gate)

    def in_the_way(self, *, goes_on: bool, still_s: float) -> bool:
        """Whether these gates are all that the run waits for.

        :param goes_on: whether anything else happens now.
        :param still_s: seconds for which nothing else may happen before that is certain.
        """
        if not self.places or goes_on:
            self.still_since = None
            return False
        now = time.monotonic()
        self.still_since = self.still_since or now
        return now - self.still_since >= still_s

    def sentence(self) -> str:
        """What waits, and what to do."""
        options = " ".join(f"--approve {gate}" for gate in self.gates)
        several = f"{len(self.places)} gates wait" if len(self.places) > 1 else "A gate waits"
        places = ", ".join(sorted(self.places, key=natural_key))
        return (
            f"{several} for a person: {places}. Look at the pictures, then run the same command with "
            f"`{options}`, or in a terminal, where it asks; what is done is not done again."
        )
