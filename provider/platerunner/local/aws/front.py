"""What stands in front of the embedded cloud's calls: it counts them and, if asked to, makes some go wrong."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from threading import Lock
from typing import Any

from platerunner.local.aws.faults import Dice

CALLS_PATH = "/_platerunner/calls"
Environ = dict[str, Any]
App = Callable[[Environ, Any], Iterable[bytes]]
Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Front:
    """A WSGI application around another.

    :param app: moto's.
    :param dice: decides which call goes wrong.
    :param own: what answers calls that moto does not: name of the call to a function of its JSON.
    """

    def __init__(self, app: App, dice: Dice, own: Mapping[str, Answer]) -> None:
        self._app = app
        self._dice = dice
        self._own = own
        self._lock = Lock()
        self.calls: Counter[str] = Counter()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        if environ["PATH_INFO"] == CALLS_PATH:
            return _answer(start_response, "200 OK", self.calls)
        call = name_of(environ)
        with self._lock:
            self.calls[call] += 1
        if call in self._own:
            asked = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
            return _answer(start_response, "200 OK", self._own[call](asked))
        if not call.startswith("batch."):
            return self._app(environ, start_response)
        return self._batch(environ, start_response)

    def _batch(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        faults = self._dice.faults
        if self._dice.happens(faults.throttle):
            return _error(start_response, "429 Too Many Requests", "TooManyRequestsException", "Too Many Requests")
        if self._dice.happens(faults.error_5xx):
            if self._dice.happens(0.5):  # done all the same: only the answer is lost
                b"".join(self._app(environ, lambda *_: None))
            return _error(start_response, "503 Service Unavailable", "ServiceUnavailableException", "Try again")
        return self._app(environ, start_response)


def name_of(environ: Environ) -> str:
    """The call that a request makes: ``batch.submitjob``, ``logs.GetLogEvents``, ``s3.GET``; ``-`` if unsigned."""
    _, _, scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")
    parts = scope.split(",")[0].split("/")
    if len(parts) < 5:
        return "-"
    service, target = parts[3], environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return f"{service}.{target.rpartition('.')[2]}"
    path = environ["PATH_INFO"].split("/")
    return f"{service}.{path[2] if service == 'batch' and len(path) > 2 else environ['REQUEST_METHOD']}"


def _error(start_response: Any, status: str, kind: str, message: str) -> Iterable[bytes]:
    return _answer(start_response, status, {"__type": kind, "message": message}, [("x-amzn-ErrorType", kind)])


def _answer(start_response: Any, status: str, body: object, headers: Iterable[tuple[str, str]] = ()) -> Iterable[bytes]:
    data = json.dumps(body).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(data))), *headers])
    return [data]
