"""What can be wrong with a plan, as sentences for the person who has to act."""


class PlanningError(Exception):
    """A step cannot be planned; the message says what is wrong and what to do."""


class NothingListed(PlanningError):  # noqa: N818  (says what happened)
    """A file set matched no object."""
