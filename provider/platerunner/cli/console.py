"""What the command prints: colours and tables on a terminal, plain lines otherwise."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

BAD_INPUT = 2


def fail(message: str, code: int = BAD_INPUT) -> NoReturn:
    """Print one message to stderr and end the command.

    :param message: what is wrong and what to do.
    :param code: exit status; 2 for bad input, 1 for a run that failed.
    """
    err.print(message, style="red", markup=False)
    raise typer.Exit(code)


def counted(number: int, word: str) -> str:
    """A number with its word: ``1 unit``, ``1,536 units``.

    :param word: in the singular; its plural ends in s.
    """
    return f"{number:,} {word}{'' if number == 1 else 's'}"


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Airflow's and botocore's news off stdout, where a command's own lines go."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
