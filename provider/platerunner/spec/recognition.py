"""Finds the microscope whose names the files of a listing have, and how its folders lie there."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

from platerunner.spec.derived import deriving
from platerunner.spec.microscopes import WELLS, Preset, presets
from platerunner_unit.contract.patterns import Pattern, Value, escaped
from platerunner_unit.contract.patterns.wildcard_types import type_of

MOST = 5000
"""Names that are compared with all presets; the others have only to match."""
_FILE_SETS = 6
_OF_PLATE = re.compile(r"\{plate(:[^{}]*)?\}/")
_COUNTED = ("plate", "well", "row", "col", "well_number", "site", "channel", "z", "t")


@dataclass(frozen=True, slots=True)
class Fit:
    """A microscope that names fit.

    :param root: pattern of the folders above those of the microscope.
    :param folder: pattern of the microscope's folders.
    :param wells: of a plate, where only numbers of wells are known.
    """

    preset: Preset
    root: str
    folder: str
    wells: int

    @property
    def pattern(self) -> Pattern:
        """What matches the names."""
        path = self.preset.path(self.root, self.folder)
        return deriving(Pattern.parse(path), self.preset.derived(path, self.wells))


def recognise(keys: Iterable[str]) -> list[Fit]:
    """The microscopes whose names there are, of one mostly a single one; empty if no name fits any.

    :param keys: of files, relative to the root.
    """
    left = list(keys)
    found: list[Fit] = []
    while left and len(found) < _FILE_SETS:
        sample = left[:: -(-len(left) // MOST)]
        fit = _best(sample)
        if fit is None:
            break
        matches = fit.pattern.match
        rest = [key for key in left if matches(key) is None]
        if len(rest) == len(left):
            break
        found.append(fit)
        left = rest
    return found


def _best(keys: Sequence[str]) -> Fit | None:
    """The fit of the preset that most names of files have."""
    counts = [(sum(map(_is_named(preset), keys)), preset) for preset in presets().values()]
    most, preset = max(counts, key=lambda each: each[0])
    if not most:
        return None
    named = list(filter(_is_named(preset), keys))
    # The folder of a single plate may be the root itself: then only what lies in it has the names of the microscope.
    within = [_OF_PLATE.sub("", folder) for folder in preset.folders if _OF_PLATE.match(folder)]
    layouts = [_Layout(preset, folder, named) for folder in dict.fromkeys((*preset.folders, *within))]
    usable = [layout for layout in layouts if layout.matched]
    return max(usable, key=lambda layout: layout.score).fit() if usable else None


def _is_named(preset: Preset) -> Callable[[str], bool]:
    match = Pattern.parse(preset.file).match
    return lambda key: match(key[key.rfind("/") + 1 :]) is not None


class _Layout:
    """A way in which the folders of a microscope may lie.

    :param folder: pattern of them.
    :param keys: of files that are called as the microscope calls them.
    """

    def __init__(self, preset: Preset, folder: str, keys: Sequence[str]) -> None:
        self._preset, self._folder = preset, folder
        path = preset.path("", folder)
        self._depth = path.count("/") + 1
        self._pattern = Pattern.parse(path)
        self._roots: Counter[tuple[str, ...]] = Counter()
        self._values = list(self._matches(keys))
        self.matched = len(self._values)

    @property
    def score(self) -> tuple[float, ...]:
        """How likely it is right: no two files for one place, folders named for what they are, plates without gaps."""
        return self._is_distinct, _said(self._folder), self.matched, self._fill

    def fit(self) -> Fit:
        """With the folders above."""
        wells = max((int(values.get("well_number", 1)) for values in self._values), default=1)
        size = next((each for each in WELLS if each >= wells), WELLS[-1])
        return Fit(self._preset, _common(self._roots, distinct=self._is_distinct), self._folder, size)

    def _matches(self, keys: Sequence[str]) -> Iterator[dict[str, Value]]:
        for key in keys:
            parts = key.split("/")
            values = self._pattern.match("/".join(parts[-self._depth :])) if len(parts) >= self._depth else None
            if values is not None:
                self._roots[tuple(parts[: -self._depth])] += 1
                yield values

    @property
    def _is_distinct(self) -> bool:
        return len({tuple(values.values()) for values in self._values}) == self.matched

    @property
    def _fill(self) -> float:
        """The share of all combinations of values that occur."""
        names = [name for name in _COUNTED if name in self._pattern.wildcards]
        return self.matched / prod(len({values[name] for values in self._values}) for name in names)


def _said(folder: str) -> int:
    """How much a pattern of folders says by itself: its letters and digits, and what has a type and no name."""
    pattern = Pattern.parse(f"{folder}/x") if folder else None
    said = 0
    for token in pattern.tokens if pattern else ():
        said += len(re.findall("[A-Za-z0-9]", token.text)) if token.kind == "literal" else 0
        said += token.kind == "glob" and token.text.startswith("{") and type_of(token.text[2:-1]).kind == "digits"
    return said


def _common(roots: Iterable[tuple[str, ...]], *, distinct: bool) -> str:
    """A pattern for the folders above: what they have in common, and `*` or a wildcard for what differs."""
    found = list(roots)
    if len({len(root) for root in found}) > 1:
        return "**"
    parts = []
    for number, names in enumerate(zip(*found, strict=True), 1):
        same = len(set(names)) == 1
        parts.append(escaped(names[0]) if same else "*" if distinct else f"{{folder{number}}}")
    return "/".join(parts)
