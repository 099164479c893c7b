"""What a spec that cannot be used raises."""

from platerunner.documents.problems import DocumentError, Problem

__all__ = ["Problem", "SpecError"]


class SpecError(DocumentError):
    """A spec cannot be used; ``str()`` is for people, :attr:`problems` for programs."""
