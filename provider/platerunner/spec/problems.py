"""What a spec that cannot be used raises."""

from platerunner.documents.problems import DocumentError, Problem
from platerunner.documents.source import Keys

__all__ = ["PlacedError", "Problem", "SpecError"]


class SpecError(DocumentError):
    """A spec cannot be used; ``str()`` is for people, :attr:`problems` for programs."""


class PlacedError(Exception):
    """What a spec says turns out to be wrong when it is used; ``str()`` begins with its place as soon as that is known.

    :param keys: where it stands in the spec; empty if it stands nowhere.
    :param place: file and line of it; empty as long as nobody has looked.
    """

    keys: Keys = ()
    place: str = ""

    def __str__(self) -> str:
        text = super().__str__()
        return f"{self.place}: {text}" if self.place else text
