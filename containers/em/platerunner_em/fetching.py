"""Files and answers from web servers: a file comes in chunks with checksums, and goes on where it was cut off."""

import hashlib
import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

AGENT = "platerunner-em/0.1"
TRIES = 4
TIMEOUT_S = 60
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


class DataError(Exception):
    """A source, a parameter or a file is at fault; the message is a sentence for people."""


@dataclass(frozen=True)
class Answer:
    """What a server sent.

    :param body: the content, or the part that was asked for.
    :param size: bytes of the whole; None if the server does not say.
    :param version: its ETag, or when it was last changed; empty if the server does not say.
    """

    body: bytes
    size: int | None
    version: str


def get(url: str, start: int | None = None, length: int = 0, pause_s: float = 1.0) -> Answer:
    """Ask a server, several times if need be.

    :param start: first byte of a part; None for the whole.
    :param length: bytes of the part.
    :param pause_s: before the second try; doubled for each further one.
    :raises DataError: if it does not answer, or refuses.
    """
    said = ""
    for tried in range(TRIES):
        if tried:
            time.sleep(pause_s * 2 ** (tried - 1))
        try:
            return _ask(url, start, length)
        except urllib.error.HTTPError as error:
            said = f"HTTP {error.code} {error.reason}"
            if error.code not in _PASSING:
                break
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            said = str(getattr(error, "reason", "") or error) or type(error).__name__
    raise DataError(f"{url}: {said}")


def get_json(url: str) -> Any:
    """A JSON answer.

    :raises DataError: if there is none.
    """
    body = get(url).body
    try:
        return json.loads(body)
    except ValueError as error:
        raise DataError(f"{url} is no JSON: {error}") from error


def _ask(url: str, start: int | None, length: int) -> Answer:
    if not url.startswith(("http://", "https://")):
        raise DataError(f"{url}: only http:// and https:// can be read")
    headers = {"User-Agent": AGENT}
    if start is not None:
        headers["Range"] = f"bytes={start}-{start + length - 1}"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  (looked at above)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
        body = response.read()
        whole = response.headers.get("Content-Range", "").rpartition("/")[2]
        size = int(whole) if whole.isdigit() else len(body) if response.status == 200 else None
        version = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
        if start is not None and response.status == 200:  # a server that knows no ranges sends it all
            body = body[start : start + length]
        return Answer(body, size, version)


@dataclass
class Download:
    """What is known of a file that is being fetched.

    :param chunks: number of a chunk to the SHA-256 of its content.
    """

    url: str
    size: int
    version: str
    chunk: int
    chunks: dict[str, str] = field(default_factory=dict)


def download(url: str, target: Path, chunk: int, workers: int) -> Download:
    """Fetch a file, and of it only what is not there yet.

    :param target: the file; beside it lies what is known of its chunks.
    :param chunk: bytes of a chunk.
    :param workers: chunks that are fetched at a time.
    :raises DataError: if it could not be fetched whole; then what was fetched stays for the next attempt.
    """
    first = get(url, 0, 1)
    if first.size is None:
        raise DataError(f"{url}: the server does not say how large it is")
    memory = target.with_name(f"{target.name}.chunks.json")
    found = _remembered(memory, Download(url, first.size, first.version, chunk))
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        found.chunks.clear()
        target.touch()
    with target.open("r+b") as file:
        file.truncate(found.size)
    lock = threading.Lock()

    def fetch(number: int) -> None:
        start = number * chunk
        answer = get(url, start, min(chunk, found.size - start))
        if len(answer.body) != min(chunk, found.size - start) or answer.version != found.version:
            raise DataError(f"{url} changed while it was fetched; the next attempt fetches it again")
        with lock, target.open("r+b") as file:
            file.seek(start)
            file.write(answer.body)
            found.chunks[str(number)] = hashlib.sha256(answer.body).hexdigest()
            memory.write_text(json.dumps(asdict(found)))

    in_threads(fetch, _wanted(found, target), workers)
    return found


def _remembered(memory: Path, now: Download) -> Download:
    """What an earlier attempt left, if the file on the server is still the same."""
    if not memory.is_file():
        return now
    before = Download(**json.loads(memory.read_text()))
    same = (before.url, before.size, before.version, before.chunk) == (now.url, now.size, now.version, now.chunk)
    return before if same else now


def _wanted(found: Download, target: Path) -> list[int]:
    """The chunks that are missing, or are not what was fetched."""
    wanted = []
    with target.open("rb") as file:
        for number in range(-(-found.size // found.chunk)):
            file.seek(number * found.chunk)
            known = found.chunks.get(str(number))
            if known is None or hashlib.sha256(file.read(found.chunk)).hexdigest() != known:
                wanted.append(number)
    return wanted


def in_threads[Item, Result](work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> list[Result]:
    """Do it for all, some at a time; after the first failure none begins, and those that began end.

    :raises DataError: the first failure.
    """
    stop = threading.Event()

    def guarded(item: Item) -> Result | None:
        if stop.is_set():
            return None
        try:
            return work(item)
        except BaseException:
            stop.set()
            raise

    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(guarded, item) for item in items]
    results = [future.result() for future in futures]
    return [result for result in results if result is not None]
