"""The runner without an interpreter's start: the agent imports it once, and each job that asks for it is a fork.

The agent has one thread, and nothing of the runner that starts others has been used in it, so a fork is a whole and
fresh process. What a new interpreter would have had is given back to it: see :func:`_become`. Only the runner of this
interpreter is run so; whatever else a job names, or wants of the interpreter, is executed.
"""

import errno
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from platerunner.local.host.limits import Group
from platerunner.local.host.prctl import LINUX, PR_SET_NAME, call_prctl, end_with
from platerunner_unit.contract.processes import count_threads, list_descriptors

PROGRAM = Path(sys.executable).parent / "platerunner-unit"
"""The runner's script of this interpreter, which a fork stands for."""
AT_START = ("PYTHON", "LD_", "LC_", "LANG", "MALLOC_", "GLIBC_")
"""Beginnings of the variables that a process heeds at its start alone: a fork has the agent's."""
HARMLESS = frozenset({"PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONUNBUFFERED"})
"""Those that do not change what a unit does."""
COERCED = ("C.UTF-8", "C.utf8", "UTF-8")
"""What Python writes into LC_CTYPE as it starts where no locale is named (PEP 538)."""


class Runner:
    """The runner, imported when the first job asks for it."""

    def __init__(self) -> None:
        self._main: Callable[[Sequence[str]], NoReturn] | None = None
        self._files: dict[str, int] = {}
        self._telemetry: dict[str, str] = {}
        self._usable = LINUX

    def stands_for(self, command: Mapping[str, Any]) -> bool:
        """Whether a fork does what executing a command would.

        :param command: as the agent gets it.
        """
        argv, env = command["argv"], command["env"]
        if not self._usable or not argv or shutil.which(argv[0], path=env.get("PATH", os.defpath)) != str(PROGRAM):
            return False
        if self._main is None:
            self._load()
        if self._telemetry != (asked := {name: env[name] for name in env if name.startswith("OTEL_")}):
            self._load_telemetry(asked)
        return self._usable and at_start(env) == at_start(os.environ) and self._files == _times(self._files)

    def fork(self, command: Mapping[str, Any], output: int, group: Group | None) -> int:
        """Start it.

        :param command: as the agent gets it.
        :param output: file descriptor for stdout and stderr.
        :param group: control group that it enters; None for none.
        :returns: its pid.
        :raises OSError: if it cannot be started.
        """
        assert self._main is not None
        heard, tell = os.pipe()
        agent, pid = os.getpid(), os.fork()
        if pid == 0:
            _run(self._main, command, output, group, agent, tell)
        os.close(tell)
        with open(heard, "rb") as setup:  # noqa: PTH123  (a descriptor)
            problem = setup.read()
        if problem:
            os.waitpid(pid, 0)
            raise OSError(*json.loads(problem))
        return pid

    def _load(self) -> None:
        """Import all that a unit needs; what fails, or starts threads, is left to a process of its own to tell."""
        try:
            from platerunner_unit.__main__ import load, main

            load()
        except Exception:  # its own process will say so in the job's log
            self._usable = False
            return
        self._main = main
        self._settle()

    def _load_telemetry(self, asked: dict[str, str]) -> None:
        """Import what units with a collector need, which took each of them longer than its own work."""
        self._telemetry = asked
        try:
            from platerunner_unit.__main__ import load_telemetry

            load_telemetry(asked)
        except Exception:  # as above
            self._usable = False
            return
        self._settle()

    def _settle(self) -> None:
        self._files = {**_times(_modules()), **self._files}
        self._usable = self._usable and count_threads() == 1
        gc.collect()
        gc.freeze()  # a collection would copy the pages that all forks share


def at_start(env: Mapping[str, str]) -> dict[str, str]:
    """What decides how a process starts.

    :param env: an environment.
    """
    found = {name: value for name, value in env.items() if name.startswith(AT_START) and name not in HARMLESS}
    if is_coerced(env):
        del found["LC_CTYPE"]
    return found


def is_coerced(env: Mapping[str, str]) -> bool:
    """Whether an environment has the locale that Python chose, not one that somebody named."""
    return "LC_ALL" not in env and env.get("LANG") in (None, "", "C", "POSIX") and env.get("LC_CTYPE") in COERCED


def _modules() -> list[str]:
    found = [module for name, module in sys.modules.items() if name.split(".")[0] == "platerunner_unit"]
    return [module.__file__ for module in found if module.__file__]


def _times(files: Sequence[str] | Mapping[str, int]) -> dict[str, int]:
    """When files were changed last; who develops the runner wants the next job to have what is there now."""
    return {file: _changed(file) for file in files}


def _changed(file: str) -> int:
    try:
        return os.stat(file).st_mtime_ns  # noqa: PTH116  (a hundred for each job)
    except OSError:
        return 0


def _run(
    main: Callable[[Sequence[str]], NoReturn],
    command: Mapping[str, Any],
    output: int,
    group: Group | None,
    agent: int,
    tell: int,
) -> NoReturn:
    """All of the forked process's life; it never returns into the agent's loop."""
    try:
        os.setsid()
        end_with(agent)
        if group is not None:
            group.enter()
        os.chdir(command["cwd"])
        _become(command["argv"], command["env"], output, tell)
        os.close(tell)
        code = _ended(main, command["argv"][1:])
    except BaseException as error:
        code = 1
        number = error.errno if isinstance(error, OSError) and error.errno else errno.EINVAL
        os.write(tell, json.dumps([number, getattr(error, "strerror", None) or str(error)]).encode())
    finally:
        os._exit(code)


def _become(argv: Sequence[str], env: Mapping[str, str], output: int, tell: int) -> None:
    """Take on what a new interpreter would have: signals, environment, descriptors, and no memory of the agent's.

    The generators of :mod:`random` and the locks of the standard library see to themselves in a fork.

    :param tell: the one descriptor of the agent's that stays open.
    """
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    chosen = {"LC_CTYPE": os.environ["LC_CTYPE"]} if is_coerced(os.environ) else {}
    os.environ.clear()
    os.environ.update({**chosen, **env})
    time.tzset()
    tempfile.tempdir = None
    sys.argv = [str(PROGRAM), *argv[1:]]
    call_prctl(PR_SET_NAME, PROGRAM.name.encode())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    encoding = sys.stdout.encoding
    sys.stderr = open(2, "w", 1, encoding=encoding, errors="backslashreplace", closefd=False)  # noqa: SIM115
    for fd in list_descriptors():
        if fd > 2 and fd != tell:
            _close(fd)


def _close(fd: int) -> None:
    try:
        os.close(fd)
    except OSError:  # the listing's own
        return


def _ended(main: Callable[[Sequence[str]], NoReturn], arguments: Sequence[str]) -> int:
    """What the interpreter makes of the ways in which a program may end."""
    try:
        main(arguments)
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            code = error.code or 0
        else:
            print(error.code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code
