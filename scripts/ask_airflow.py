"""Answers several of Airflow's commands in one process, each into a file.   ask_airflow.py FOLDER COMMAND ...

A command's file is named after its words: ``dags list`` is answered in FOLDER/dags_list.txt, what it logs included.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from airflow.__main__ import main


def into_file(path: Path, run: Callable[[], None]) -> None:
    """Run something whose output goes to a file, as a shell would send it there."""
    kept = [os.dup(number) for number in (1, 2)]
    with path.open("w") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    try:
        run()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, old in enumerate(kept, 1):
            os.dup2(old, number)
            os.close(old)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for command in sys.argv[2:]:
        answer = folder / f"{command.replace(' ', '_')}.txt"
        sys.argv = ["airflow", *command.split()]
        try:
            into_file(answer, main)
        except SystemExit as ended:
            if ended.code:
                sys.exit(f"airflow {command} ended with {ended.code}:\n{answer.read_text()[-3000:]}")
