"""The host's agent for tests: a process that takes orders over a pipe, and reports how they went."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.embedded import TIMEOUT_S, wait_for

from platerunner.local.host.agent_process import agent_environment


class Agent:
    """The agent as the cloud starts it, and short ways to tell it what to do.

    :param environ: variables on top of its environment.
    """

    def __init__(self, folder: Path, **environ: str) -> None:
        self.folder = folder
        argv = [sys.executable, "-P", "-m", "platerunner.local.host.agent"]
        self.process = subprocess.Popen(
            argv, env={**agent_environment(), **environ}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def tell(self, **command: Any) -> None:
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def start(self, key: str, *argv: str, **options: Any) -> None:
        env = {"PATH": os.environ["PATH"], "AWS_BATCH_JOB_ID": key, "AWS_BATCH_JOB_ATTEMPT": "1"}
        options = {
            "env": env,
            "cwd": str(self.folder),
            "log": str(self.folder / f"{key}.log"),
            "memory": None,
        } | options
        self.tell(do="start", key=f"{key}#1", argv=argv, **options)

    def event(self) -> dict[str, Any]:
        return json.loads(self.process.stdout.readline())

    def pid(self, name: str) -> int:
        file = self.folder / name
        return int(wait_for(lambda: file.exists() and file.read_text().strip()))

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(TIMEOUT_S)
        self.process.stdout.close()
