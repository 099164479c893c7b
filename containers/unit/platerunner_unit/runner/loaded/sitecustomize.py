"""Makes a Python program serve the units of a batch: it is loaded once, and each unit gets a fork of it.

Python imports a module of this name before the program that its command line names. With :data:`CHANNEL` in the
environment, this one imports the program's modules, and then forks for each request that comes in. In the fork it
returns, so that the program begins as it always does, with the unit's own arguments, environment and folder.

Runs in the tool's interpreter (Python 3.8 and newer), and so imports nothing of ours.
"""

from __future__ import annotations

import array
import importlib
import json
import os
import pkgutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

CHANNEL = "PLATERUNNER_LOADED_CHANNEL"
MODULES = "PLATERUNNER_LOADED_MODULES"
_PATH = "PYTHONPATH"
_FD = array.array("i", [0])


def _serve(channel: socket.socket, modules: list[str]) -> None:
    """Load the modules, and return in each fork alone."""
    for name in modules:
        _load(name)
    _say(channel, {"ready": True})
    while True:
        request, output = _receive(channel)
        if request is None:
            os._exit(0)
        began, begins = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            os.close(began)
            os.close(begins)
            channel.close()
            return _become(request, output)
        os.close(output)
        os.close(begins)
        os.read(began, 1)  # ends when the fork leads a session of its own, so that a signal reaches all of it
        os.close(began)
        _say(channel, {"pid": pid})
        _, status, usage = os.wait4(pid, 0)
        spent = {"cpu_s": usage.ru_utime + usage.ru_stime, "largest": usage.ru_maxrss}
        _say(channel, {"status": status, **spent})


def _load(name: str) -> None:
    """Import a module, or with ``.*`` all modules of a package as far as they can be imported."""
    package, every, _ = name.partition(".*")
    module = importlib.import_module(package)
    for found in pkgutil.iter_modules(module.__path__) if every else ():
        try:
            importlib.import_module(f"{package}.{found.name}")
        except Exception as error:  # whatever it is, the program meets it too, if it needs the module
            print(f"{found.name}: {error!r}", flush=True)


def _receive(channel: socket.socket) -> tuple[dict[str, Any] | None, int]:
    """A request and the file descriptor that came with it; None and none once the other side is gone."""
    data, ancillary, _, _ = channel.recvmsg(1 << 16, socket.CMSG_SPACE(_FD.itemsize))
    if not data:
        return None, -1
    output: array.array[int] = array.array("i")
    for _, kind, content in ancillary:
        if kind == socket.SCM_RIGHTS:
            output.frombytes(content[: _FD.itemsize])
    while not data.endswith(b"\n"):
        data += channel.recv(1 << 16)
    return json.loads(data), output[0]


def _say(channel: socket.socket, message: dict[str, Any]) -> None:
    channel.sendall(json.dumps(message).encode() + b"\n")


def _become(request: dict[str, Any], output: int) -> None:
    """Take on what the unit's own process would have been given."""
    for fd in (1, 2):
        os.dup2(output, fd)
    os.close(output)
    os.environ.clear()
    os.environ.update(request["environ"])
    os.chdir(request["cwd"])
    sys.argv[1:] = request["arguments"]
    tempfile.tempdir = None
    if "numpy" in sys.modules:  # or all forks would draw the same numbers; the module random sees to itself
        sys.modules["numpy"].random.seed()


if CHANNEL in os.environ:
    _own = Path(__file__).resolve().parent
    _rest = [path for path in os.environ.pop(_PATH, "").split(os.pathsep) if path and Path(path).resolve() != _own]
    if _rest:
        os.environ[_PATH] = os.pathsep.join(_rest)
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != _own]
    _serve(socket.socket(fileno=int(os.environ.pop(CHANNEL))), os.environ.pop(MODULES).split())
