"""The end of a stored log, whatever its size."""

import gzip
import io
import zlib

from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.storage import Storage, StorageError

LINES = 60
LINE_CHARS = 400
PACKED = 20 * 1024**2
UNPACKED = 256 * 1024**2
CHUNK = 1 << 20


def tail(workspace: Storage, key: str) -> list[str]:
    """The last lines, or one that says why there are none.

    :param key: from an outcome, which a container wrote: no key but a log's is followed.
    """
    try:
        if ".." in key.split("/") or not workspace.resolved(key).startswith(f"{PREFIX}/logs/"):
            return ["its log is not where logs are kept"]
        if workspace.head(key).size > PACKED:
            return [f"its log is larger than {PACKED >> 20} MiB; fetch {workspace.url_of(key)}"]
        end = _unpacked_end(workspace.get(key))
    except StorageError as error:
        return [str(error)]
    except (OSError, EOFError, zlib.error) as error:
        return [f"its log cannot be read: {error}"]
    return [line.rstrip()[:LINE_CHARS] for line in end.decode(errors="replace").splitlines()[-LINES:]]


def _unpacked_end(packed: bytes) -> bytes:
    """The last part of what is packed; a small file may unpack to more than memory holds."""
    end, total = b"", 0
    with gzip.open(io.BytesIO(packed)) as file:
        while total < UNPACKED and (chunk := file.read(CHUNK)):
            end, total = (end + chunk)[-CHUNK:], total + len(chunk)
    return end
