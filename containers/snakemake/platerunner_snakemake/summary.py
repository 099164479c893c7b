"""What ``snakemake --summary`` says of each file that the workflow makes."""

from collections.abc import Sequence
from dataclasses import dataclass

_HEADER = ["output_file", "date", "rule", "log-file(s)", "status", "plan"]


@dataclass(frozen=True)
class MadeFile:
    """A file that a rule makes.

    :param name: relative to the work folder.
    :param logs: of the job that makes it.
    :param done: whether nothing is left to do for it.
    """

    name: str
    rule: str
    logs: tuple[str, ...]
    done: bool


def made_files(text: str) -> list[MadeFile]:
    """Read a summary.

    :param text: what Snakemake printed; empty where it could not make sense of the workflow.
    """
    rows = [line.split("\t") for line in text.splitlines()]
    if _HEADER not in rows:
        return []
    return [_made(row) for row in rows[rows.index(_HEADER) + 1 :] if len(row) == len(_HEADER)]


def _made(row: Sequence[str]) -> MadeFile:
    name, _, rule, logs, _, plan = row
    written = tuple(log for log in logs.split(",") if log not in ("", "-"))
    return MadeFile(name, rule, written, plan == "no update")
