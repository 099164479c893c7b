"""What the command prints: colours and tables on a terminal, plain lines otherwise."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

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


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Print a table; where the terminal is too narrow for it, a block per row, so that nothing is cut off.

    :param columns: their names; the first says what a row is about.
    """
    table = Table(*columns, title=title or None)
    for row in rows:
        table.add_row(*map(Text, row))
    if Measurement.get(out, out.options.update_width(10_000), table).maximum <= out.width:
        out.print(table)
        return
    if title:
        out.print(title, style="bold", markup=False)
    for first, *rest in rows:
        out.print(first, style="bold", markup=False)
        for name, value in zip(columns[1:], rest, strict=True):
            if value:
                out.print(Padding(Text(f"{name}: {value}"), (0, 0, 0, 2)), soft_wrap=False)


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
