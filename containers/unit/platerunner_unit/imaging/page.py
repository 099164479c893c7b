"""The report of a gate as one HTML page, pictures included: opens from a disk, asks nothing of any server."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Optional, Union

from PIL import Image

from platerunner_unit.contract.words import show_number
from platerunner_unit.imaging import drawing

LIMIT = 20_000_000
"""Bytes of a page at most; pictures beyond it are left out, and told."""
Cell = Union[str, float, int, None]

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 104rem; padding: 0 1rem;
       color: light-dark(#1b1f24, #e6e6e6); background: light-dark(#fff, #191919); }
h1 { font-size: 1.5rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0 .75rem; }
.note { border-left: .25rem solid #b7791f; padding-left: .75rem; }
table { border-collapse: collapse; } th, td { padding: .2rem .8rem; text-align: right; }
th:first-child, td:first-child { text-align: left; }
thead th { border-bottom: 1px solid; } tr.bad td { background: light-dark(#fde2e1, #5c2323); }
.wide { overflow-x: auto; } img { max-width: 100%; height: auto; background: #191919; }
"""


@dataclass
class Section:
    """A part of the page.

    :param title: plain text, like everything here: it is escaped when the page is made.
    :param said: a paragraph.
    :param heads: columns of a table.
    :param rows: of the table.
    :param bad: indices of rows that stand out.
    :param picture: with ``title`` as what a screen reader says of it.
    """

    title: str
    said: str = ""
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()
    bad: frozenset[int] = frozenset()
    picture: Optional[Image.Image] = None


@dataclass
class Page:
    """A report."""

    title: str
    subtitle: str
    notes: Sequence[str] = ()
    sections: list[Section] = field(default_factory=list)

    def html(self, limit: int = LIMIT) -> str:
        """The whole page.

        :param limit: bytes at most; pictures that would go beyond it are left out, the later ones first.
        """
        room, parts, left_out = limit - 100_000, [], []
        for section in self.sections:
            picture = _picture(section) if section.picture is not None else ""
            text = _text(section)
            if picture and len(picture) + len(text) > room:
                left_out.append(section.title)
                picture = ""
            room -= len(picture) + len(text)
            if picture or section.rows or section.said:
                parts.append(f"<section><h2>{escape(section.title)}</h2>{text}{picture}</section>")
        notes = [*self.notes, *([f"Left out, to keep this page small: {', '.join(left_out)}."] if left_out else ())]
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
            "style-src 'unsafe-inline'\">"
            '<meta name="viewport" content="width=device-width">'
            f"<title>{escape(self.title)}</title><style>{_STYLE}</style></head><body><main>"
            f"<h1>{escape(self.title)}</h1><p>{escape(self.subtitle)}</p>{_notes(notes)}{''.join(parts)}"
            "</main></body></html>\n"
        )


def table(title: str, rows: Mapping[str, Mapping[str, Cell]], said: str = "", bad: Iterable[str] = ()) -> Section:
    """A section with a table.

    :param rows: name of a row to its cells by column.
    :param bad: names of rows that stand out.
    """
    heads = list(dict.fromkeys(head for cells in rows.values() for head in cells))
    marked = frozenset(index for index, name in enumerate(rows) if name in set(bad))
    cells = [[name, *(values.get(head) for head in heads)] for name, values in rows.items()]
    return Section(title, said, ["", *(head.replace("_", " ") for head in heads)], cells, marked)


def _notes(notes: Iterable[str]) -> str:
    return "".join(f'<p class="note">{escape(note)}</p>' for note in notes)


def _text(section: Section) -> str:
    said = f"<p>{escape(section.said)}</p>" if section.said else ""
    if not section.rows:
        return said
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in section.heads)
    rows = "".join(_row(row, bad=index in section.bad) for index, row in enumerate(section.rows))
    return f'{said}<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(cells: Sequence[Cell], *, bad: bool) -> str:
    start = '<tr class="bad">' if bad else "<tr>"
    return f"{start}{''.join(map(_cell, cells))}</tr>"


def _cell(value: Cell) -> str:
    text = "" if value is None else value if isinstance(value, str) else show_number(float(value), 3)
    return f"<td>{escape(text)}</td>"


def _picture(section: Section) -> str:
    assert section.picture is not None
    data = base64.b64encode(drawing.png(section.picture)).decode()
    width, height = section.picture.size
    label = escape(section.title, quote=True)
    return f'<img alt="{label}" width="{width}" height="{height}" src="data:image/png;base64,{data}">'
