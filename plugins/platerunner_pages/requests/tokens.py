"""Signed words: which file a page may show for some minutes, and that a request comes from our own page."""

from typing import Any

from airflow.configuration import conf
from itsdangerous import BadSignature, URLSafeTimedSerializer

FILE_S = 300
"""Seconds for which the address of a file holds."""
ACTION_S = 3600
"""Seconds for which a page may be left open before its buttons have to be loaded again."""


class TokenError(Exception):
    """A token that is forged, too old, or somebody else's."""


def sign(purpose: str, *words: str) -> str:
    """A token that says these words.

    :param purpose: what it is good for; one for files opens nothing else.
    """
    return str(_serializer(purpose).dumps(list(words)))


def read(purpose: str, token: str, max_age: int) -> list[str]:
    """What a token says.

    :param max_age: seconds.
    :raises TokenError: if it was not made here for this purpose, or is too old.
    """
    try:
        words: Any = _serializer(purpose).loads(token, max_age=max_age)
    except BadSignature as error:
        raise TokenError(str(error)) from None
    return [str(word) for word in words]


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(conf.get("api", "secret_key"), salt=f"platerunner.{purpose}")
