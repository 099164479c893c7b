"""How both sides say that a list or a text goes on, and how they write numbers and money."""

from __future__ import annotations

import math
from decimal import Decimal


def and_more(count: int) -> str:
    """What follows the examples of a list, such as `` and 3 more``; nothing if all are named.

    :param count: how many are not named.
    """
    return f" and {count:,} more" if count > 0 else ""


def shorten(text: str, most: int = 60) -> str:
    """A text for people; a long one ends with three dots.

    :param most: characters, dots included.
    """
    return text if len(text) <= most else f"{text[: most - 3]}..."


def show_number(value: float, digits: int = 4) -> str:
    """A number for people: all digits before the point, some that count, and no power of ten unless it is tiny.

    :param value: such as 1234567.8, which is ``1,234,568``; 0.0123456, which is ``0.01235``; 2e-7, which is ``2e-07``.
    :param digits: how many count, where the number has a fraction.
    """
    text = f"{value:.{digits}g}"
    whole = math.isfinite(value) and abs(float(text)) >= 10 ** (digits - 1)
    return f"{value:,.0f}" if whole else text


def show_usd(usd: float) -> str:
    """Money to the cent, and small amounts to two digits that say something."""
    return f"{usd:,.2f}" if abs(usd) >= 0.1 or usd == 0 else f"{Decimal(f'{usd:.2g}'):f}"
