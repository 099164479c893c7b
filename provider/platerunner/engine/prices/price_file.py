"""A lab's own prices, ``prices.yaml`` in its ledger: for laptops, for discounts, for who may not ask AWS."""

from collections.abc import Mapping
from typing import Any

import yaml

from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.prices.listed import LISTED, hours_of
from platerunner.engine.prices.model import HOURS_OF_MONTH, Asked, Item, Price
from platerunner_unit.contract.storage import NotFoundError, Storage

NAME = "prices.yaml"
GROUPS: tuple[Item, ...] = ("on_demand", "spot", "fargate", "fargate_spot", "volume", "restore", "file_system")
EXAMPLE = "{date: 2026-11-01, on_demand: {m7i.xlarge: 0.2016}}"


class PriceFileError(PlanningError):
    """A file of prices that cannot be used; the message is one sentence with the remedy."""


class FilePrices:
    """Prices of a file: groups of names with USD for an hour, except ``volume``, ``file_system`` and ``restore``.

    :param content: of the file, checked by :func:`read_price_file`.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content

    def find(self, asked: Asked) -> Price | None:
        """A price; None if the file has none."""
        usd = (self._content.get(asked.item) or {}).get(asked.name)
        if usd is None:
            return None
        return Price(float(usd) / _hours(asked), NAME, str(self._content["date"]))


def _hours(asked: Asked) -> float:
    """Hours for which the file has the price."""
    if asked.item == "file_system":
        return hours_of(asked.name)
    return HOURS_OF_MONTH if asked.item == "volume" else 1.0


def read_price_file(storage: Storage, key: str) -> FilePrices | None:
    """The prices of a ledger; None if it has no file of them.

    :param key: of the file.
    :raises PriceFileError: if it cannot be understood: a wrong price is worse than none.
    """
    try:
        data = storage.get(key)
    except NotFoundError:
        return None
    place = storage.url_of(key)
    try:
        content = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PriceFileError(f"{place} is no YAML ({' '.join(str(error).split())}); write it like {EXAMPLE}") from error
    for problem in _problems(content):
        raise PriceFileError(f"{place}: {problem}")
    return FilePrices(content)


def _problems(content: Any) -> list[str]:
    """What is wrong, each with its remedy."""
    if not isinstance(content, dict) or not content.get("date"):
        return [f"it does not say from which `date` its prices hold; write it like {EXAMPLE}"]
    unknown = [
        f"there is no group {name!r}; it takes date, {', '.join(GROUPS)}" for name in content if name not in _KEYS
    ]
    unknown += [
        f"`file_system` has no {name!r}; it takes {', '.join(FILE_SYSTEMS)}"
        for name in _names(content.get("file_system"))
        if name not in FILE_SYSTEMS
    ]
    flat = [
        f"`{group}` is {content[group]!r}; give names with USD, like {EXAMPLE}"
        for group in GROUPS
        if not isinstance(content.get(group) or {}, dict)
    ]
    if flat:
        return unknown + flat
    wrong = [
        f"`{group}: {name}` is {usd!r}; give USD as a number of 0 or more"
        for group in GROUPS
        for name, usd in (content.get(group) or {}).items()
        if isinstance(usd, bool) or not isinstance(usd, int | float) or not 0 <= usd < float("inf")
    ]
    return unknown + wrong


def _names(group: Any) -> list[Any]:
    return list(group) if isinstance(group, dict) else []


FILE_SYSTEMS = tuple(LISTED["us-east-1"])
_KEYS = {"date", *GROUPS}
