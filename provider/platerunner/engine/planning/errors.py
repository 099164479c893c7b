"""What can be wrong with a plan, as sentences for the person who has to act."""

from collections.abc import Iterator
from contextlib import contextmanager

from platerunner.spec.model import Pipeline
from platerunner.spec.problems import PlacedError


class PlanningError(PlacedError):
    """A step cannot be planned; the message says what is wrong and what to do.

    :param keys: where the spec says it; see :func:`placed`.
    """

    def __init__(self, message: str, *keys: str | int) -> None:
        super().__init__(message)
        self.keys = keys


class NothingListed(PlanningError):  # noqa: N818  (says what happened)
    """A file set matched no object."""


@contextmanager
def stands_at(*keys: str | int) -> Iterator[None]:
    """Let errors know where the spec says what they are about, unless they know it better."""
    try:
        yield
    except PlacedError as error:
        error.keys = error.keys or keys
        raise


@contextmanager
def placed(pipeline: Pipeline, *keys: str | int) -> Iterator[None]:
    """Let errors name file and line of the spec.

    :param keys: where it says what they are about, unless they know it better; none for what a run brings with it.
    """
    try:
        with stands_at(*keys):
            yield
    except PlacedError as error:
        if error.keys and not error.place:
            error.place = pipeline.place(error.keys)
        raise
