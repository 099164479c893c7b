"""What the command prints: colours and tables on a terminal, plain lines otherwise."""

import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

BAD_INPUT = 2
NUMBER = re.compile(r"[-+]?[\d.,]*(e[-+]?\d+)?%?|\?")
"""A cell of a column that is aligned to the right; an empty one, too."""


def fail(message: str, code: int = BAD_INPUT) -> NoReturn:
    """Print one message to stderr and end the command.

    :param message: what is wrong and what to do.
    :param code: exit status; 2 for bad input, 1 for a run that failed.
    """
    err.print(message, style="red", markup=False)
    raise typer.Exit(code)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """Print a table without its empty columns; where even its longest words have no room, a block per row.

    :param columns: their names; the first says what a row is about.
    """
    used = [at for at in range(len(columns)) if at == 0 or any(row[at] for row in rows)]
    widths = _fit([[columns[at], *(row[at] for row in rows)] for at in used], out.width)
    if widths is not None:
        table = Table(box=SIMPLE_HEAD, pad_edge=False, title=title or None, title_justify="left")
        for at, width in zip(used, widths, strict=True):
            numbers = all(NUMBER.fullmatch(row[at]) for row in rows)
            table.add_column(Text(columns[at]), justify="right" if numbers else "left", width=width)
        for row in rows:
            table.add_row(*(Text(row[at]) for at in used))
        out.print(table, soft_wrap=False)
        return
    if title:
        out.print(title, style="bold", markup=False)
    for first, *rest in rows:
        out.print(first, style="bold", markup=False)
        for name, value in zip(columns[1:], rest, strict=True):
            if value:
                out.print(Padding(Text(f"{name}: {value}"), (0, 0, 0, 2)), soft_wrap=False)


def _fit(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """A width for each column that breaks no word; None if there is no room for that.

    :param columns: the texts of each, its head first.
    :param room: letters in a line of the terminal.
    """
    widths = [max(cell_len(word) for text in texts for word in text.split() or [""]) for texts in columns]
    left = room - sum(widths) - 3 * len(columns)  # three blanks between two columns, and one before and after all
    if left < 0:
        return None
    wanted = [max(map(cell_len, texts)) - width for texts, width in zip(columns, widths, strict=True)]
    # A column that wants little gets it; the others share what is left.
    for place, at in enumerate(sorted(range(len(columns)), key=wanted.__getitem__)):
        more = min(wanted[at], left // (len(columns) - place))
        widths[at] += more
        left -= more
    return widths


def counted(number: int, word: str) -> str:
    """A number with its word: ``1 unit``, ``1,536 units``.

    :param word: in the singular; its plural ends in s.
    """
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def open_picture(picture: Path) -> None:
    """Show a picture where somebody looks on: at a terminal of a machine with a desktop."""
    has_desktop = sys.platform == "darwin" or bool(os.environ.keys() & {"DISPLAY", "WAYLAND_DISPLAY"})
    if out.is_terminal and has_desktop and "SSH_CONNECTION" not in os.environ:
        typer.launch(str(picture))


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Airflow's and botocore's news off stdout, where a command's own lines go."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
