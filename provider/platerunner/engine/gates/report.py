"""What a person sees before deciding: where the pictures are, the numbers, the traffic lights, in Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from platerunner_unit.contract.words import show_number

MAX_NUMBERS = 60
"""Rows of the table of numbers; what is left out is in the report's own file."""

Light = Literal["green", "red", "unknown"]
SIGNS: Mapping[Light, str] = {"green": "🟢", "red": "🔴", "unknown": "⚪"}


@dataclass(frozen=True, slots=True)
class Check:
    """A number with its bounds: shown with a light, never an approval by itself.

    :param name: as in the spec's ``checks``.
    :param value: None if the report has no such number.
    :param low: smallest good value; None for no bound; likewise ``high``.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def light(self) -> Light:
        """Green within the bounds."""
        if self.value is None:
            return "unknown"
        above = self.low is None or self.value >= self.low
        below = self.high is None or self.value <= self.high
        return "green" if above and below else "red"

    @property
    def bounds(self) -> str:
        """``at least 20``, ``at most 3``, ``20 to 30``."""
        if self.low is not None and self.high is not None:
            return f"{show_number(self.low)} to {show_number(self.high)}"
        if self.low is not None:
            return f"at least {show_number(self.low)}"
        return "" if self.high is None else f"at most {show_number(self.high)}"


def flatten(numbers: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """All numbers of a nested report, by dotted name: ``channels.DNA.mean``."""
    return dict(_leaves(numbers, prefix))


def _leaves(value: Any, name: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield name, float(value)


def checks_of(flat: Mapping[str, float], declared: Mapping[str, Mapping[str, float]]) -> list[Check]:
    """The spec's checks with their values.

    :param flat: from :func:`flatten`.
    :param declared: check name (a dotted name, or its last part if that is unique) to ``min`` and ``max``.
    """
    return [Check(name, _find(flat, name), rule.get("min"), rule.get("max")) for name, rule in declared.items()]


def _find(flat: Mapping[str, float], name: str) -> float | None:
    if name in flat:
        return flat[name]
    near = [value for key, value in flat.items() if key.rpartition(".")[2] == name]
    return near[0] if len(near) == 1 else None


def body(
    title: str,
    pictures: Sequence[str],
    files: int,
    flat: Mapping[str, float],
    checks: Sequence[Check],
    *,
    refused: str = "",
    may_decide: str = "",
) -> str:
    """The question, in Markdown.

    :param pictures: URL of the gate's page, then URLs or paths of the contact sheets.
    :param files: how many files are approved with them.
    :param flat: numbers of the report.
    :param checks: from :func:`checks_of`.
    :param refused: why an earlier answer did not count.
    :param may_decide: the approvers; empty for everybody who may answer in Airflow.
    """
    lines = [f"**{refused}**", ""] if refused else []
    lines += [f"## {title}", "", "Look at:", ""]
    lines += [f"- [all of it side by side]({pictures[0]})", *(f"- {_link(url)}" for url in pictures[1:])]
    lines += [
        "",
        f"An approval is for these {files:,} files as they are now; if one of them changes, the gate asks again.",
    ]
    lines += ["", f"May decide: {may_decide}."] if may_decide else []
    if checks:
        lines += ["", "| check | value | wanted | |", "|---|---|---|---|"]
        lines += [
            f"| {check.name} | {_figure(check.value)} | {check.bounds} | {SIGNS[check.light]} |" for check in checks
        ]
    if flat:
        shown = list(flat.items())[:MAX_NUMBERS]
        lines += [
            "",
            "| number | value |",
            "|---|---|",
            *(f"| {name} | {show_number(value)} |" for name, value in shown),
        ]
    return "\n".join([*lines, "", "Rejecting needs a comment: it is what the scientist reads."])


def _link(url: str) -> str:
    return f"[{url.rpartition('/')[2]}]({url})" if url.startswith(("http://", "https://")) else f"`{url}`"


def _figure(value: float | None) -> str:
    return "not in the report" if value is None else show_number(value)
