"""What keeps numbers from being shown."""


class ValuesError(Exception):
    """There are no such numbers, or too many; the message is one sentence with what to do."""
