"""The command in processes of its own that take a moment to start, each with its own time limited."""

import multiprocessing
import os
import resource
import signal
import sys
import traceback
from pathlib import Path
from typing import NamedTuple

from platerunner.cli import app

SECONDS = 5
"""Of a process's own time, for one command: the kernel ends it then, however busy the machine is."""
PATIENCE = 300
"""Seconds by the clock after which a process that takes no time of its own hangs."""
# What a command needs is loaded once, by the server that all of them are forked from.
CONTEXT = multiprocessing.get_context("forkserver")
LOADED = ["platerunner.cli.validate", "platerunner.cli.inspect.plan", "platerunner.spec.rules.pipeline_files"]
CONTEXT.set_forkserver_preload([__name__, *LOADED, "jsonschema", "pydantic.main", "obstore.store", "botocore.session"])


class Said(NamedTuple):
    """What a command printed, and how it ended."""

    code: int | None
    out: str
    err: str


def run_limited(arguments: list[str], folder: Path, cwd: Path, seconds: int = SECONDS) -> Said:
    """Run a command; it ended by itself, within its time and without a traceback.

    :param folder: where its words are kept.
    :param cwd: the folder that it runs in.
    """
    process = CONTEXT.Process(target=_run, args=(arguments, folder, cwd, seconds))
    process.start()
    process.join(PATIENCE)
    if process.is_alive():
        process.kill()
        raise AssertionError(f"{arguments} hangs")
    assert process.exitcode != -signal.SIGXCPU, f"{arguments} took more than {seconds} seconds"
    said = Said(process.exitcode, (folder / "out").read_text(), (folder / "err").read_text())
    assert said.code in (0, 1, 2), said
    assert "Traceback" not in said.out + said.err, said
    return said


def _run(arguments: list[str], folder: Path, cwd: Path, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    os.chdir(cwd)
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    code = 99
    try:
        app(arguments)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
