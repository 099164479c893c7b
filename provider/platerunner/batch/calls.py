"""How Platerunner calls AWS: patient with throttling and 5xx, plain about what will not get better."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
    TokenRetrievalError,
)

from platerunner.batch.model import BatchError, UnansweredError

if TYPE_CHECKING:
    from botocore.config import Config

log = logging.getLogger(__name__)


PATIENCE_S = 300.0
"""How long a call is repeated while AWS only throttles or fails by itself."""
THROTTLES = frozenset(
    {
        "LimitExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
    }
)
EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "RequestExpired",
        "UnrecognizedClientException",
    }
)
GONE = ("not exist", "not found", "not be found")
"""How Batch says that it has no such job or queue; it has no code of its own for that."""
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


S3_CONNECTIONS = 32
"""Of a client for S3: so many objects are asked for at once when they come back from an archive."""


@cache
def client_config(*, patient: bool = True, connections: int = 10) -> "Config":
    """For every client that these functions are given: botocore slows down by itself when AWS asks for it.

    :param patient: whether to wait long for a service that may not be reached from here.
    :param connections: that may be open at once.
    """
    from botocore.config import Config  # takes in most of botocore, which a DAG file does not need

    return Config(
        retries={"mode": "adaptive", "total_max_attempts": 6 if patient else 2},
        connect_timeout=10 if patient else 3,
        read_timeout=60 if patient else 10,
        max_pool_connections=connections,
        user_agent_extra="platerunner",
    )


def code_of(error: Exception) -> str:
    """AWS's word for an error, e.g. ``TooManyRequestsException``; empty if AWS did not answer."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def is_throttled(error: Exception) -> bool:
    """Whether AWS asked for fewer calls."""
    return code_of(error) in THROTTLES


def is_expired(error: Exception) -> bool:
    """Whether new credentials may help."""
    return code_of(error) in EXPIRED or isinstance(
        error, NoCredentialsError | CredentialRetrievalError | TokenRetrievalError
    )


def is_transient(error: Exception) -> bool:
    """Whether the same call may succeed a little later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return is_throttled(error) or status >= 500
    return isinstance(error, HTTPClientError | EndpointConnectionError | ConnectTimeoutError | ReadTimeoutError)


def is_gone(error: Exception) -> bool:
    """Whether Batch has no such job, or no such queue."""
    said = error.response.get("Error", {}).get("Message", "") if isinstance(error, ClientError) else ""
    return code_of(error) == "ClientException" and any(words in said for words in GONE)


def is_unanswered(error: Exception) -> bool:
    """Whether AWS may have done what it was asked although the answer was an error or none."""
    if isinstance(error, ClientError):
        return is_transient(error) and not is_throttled(error)
    return isinstance(error, ConnectionClosedError | ReadTimeoutError)


def pauses(first: float = 0.5, longest: float = 20.0) -> Iterator[float]:
    """Seconds to wait between repetitions: growing, with full jitter so that many callers do not march in step."""
    limit = first
    while True:
        yield random.uniform(0, limit)  # noqa: S311
        limit = min(limit * 2, longest)


def patiently[T](call: Callable[..., T], *, patience: float = PATIENCE_S, **arguments: Any) -> T:
    """Make a call that does no harm if it is made twice, until it succeeds or fails for good.

    :param call: a method of a boto3 client.
    :param patience: seconds.
    :raises ClientError: if AWS refuses it, or goes on failing for longer than the patience.
    """
    deadline = time.monotonic() + patience
    for pause in pauses():
        try:
            return call(**arguments)
        except (ClientError, BotoCoreError) as error:
            if not is_transient(error) or time.monotonic() + pause > deadline:
                raise
            log.info("AWS: %s; trying again in %.1f s", error, pause)
        time.sleep(pause)
    raise AssertionError("pauses never end")


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn AWS's refusals into one sentence.

    :param doing: what was tried, e.g. ``submit a job to the queue cpu``.
    :raises UnansweredError: if AWS did not answer, or could not do it now.
    :raises BatchError: if it refused.
    """
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {}).get("Message", str(error))
        if code_of(error) in DENIED:
            raise BatchError(f"AWS does not allow to {doing}: {said}") from error
        if is_transient(error):
            raise UnansweredError(f"AWS could not {doing} now: {said}") from error
        raise BatchError(f"AWS refused to {doing}: {said}") from error
    except BotoCoreError as error:
        kind = UnansweredError if is_transient(error) else BatchError
        raise kind(f"Could not {doing}: {error}") from error


class TokenBucket:
    """Lets so many calls through per second, all threads of the process together.

    :param rate: calls per second.
    :param size: calls that may go at once after a rest.
    """

    def __init__(self, rate: float, size: float | None = None) -> None:
        self._rate = rate
        self._size = size or rate
        self._tokens = self._size
        self._at = time.monotonic()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Wait for a turn.

        :returns: seconds waited.
        """
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._size, self._tokens + (now - self._at) * self._rate) - 1
            self._at = now
            wait = max(0.0, -self._tokens / self._rate)
        time.sleep(wait)
        return wait
