"""Finds the attempts that wrote a file: by its key with few requests, by its content among all outcomes.

The key of an output has the values of its unit's wildcards in it, else two units would write the same file. So of the
folders of outcomes only those are looked into whose value is in the key. What is not found that way, such as a value
that a pattern writes in another form, is looked for in all outcomes.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import batched
from pathlib import PurePosixPath
from urllib.parse import unquote

from platerunner.engine.records.outcomes import OutcomeStore
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.outcome import Outcome, OutputRecord
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.unit_keys import Kept, marker_of, outcomes_prefix, parse_outcome_key

OUTCOMES = f"{PREFIX}/outcomes/"
THREADS = 32
AT_ONCE = 2_000
"""Outcomes that are read before the first of them is looked at."""
Place = tuple[str, str, Kept]
"""Step, unit and name of an outcome."""


class OutcomeSearch:
    """All outcomes of a workspace; what was listed or read once is not asked for again.

    :param everywhere: whether a key that does not show its unit is looked for in all outcomes, however many.
    """

    def __init__(self, workspace: Storage, *, everywhere: bool = True) -> None:
        self.workspace = workspace
        self._everywhere = everywhere
        self._store = OutcomeStore(workspace)
        self._folders: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._read: dict[Place, Outcome | None] = {}

    def writers(self, key: str) -> list[Outcome]:
        """The attempts that wrote a file, the last one last; several if it was overwritten.

        :param key: of the file, of a folder that is an output, or of a file in one.
        """
        wanted = names_of(key)
        found = [each for each in self._named_in(key) if wrote(each, wanted) is not None]
        if not found and self._everywhere:
            places = [place for name in wanted for place in self._by_key.get(name, ())]
            found = [outcome for place in places if (outcome := self.read(place)) is not None]
        return sorted(found, key=ended)

    def writers_of_all(self, keys: Iterable[str]) -> dict[str, list[Outcome]]:
        """The attempts that wrote each of many keys."""
        listed = list(dict.fromkeys(keys))
        with ThreadPoolExecutor(THREADS) as pool:
            return dict(zip(listed, pool.map(self.writers, listed), strict=True))

    @cached_property
    def _by_key(self) -> dict[str, list[Place]]:
        """Every output's key to its writers, for keys that do not show their units."""
        found: dict[str, list[Place]] = {}
        for place, outcome in self.everything():
            for output in outcome.outputs:
                found.setdefault(output.key, []).append(place)
        return found

    def with_content(self, sha256: str, name: str = "") -> list[tuple[Outcome, OutputRecord]]:
        """Attempts that wrote a file with this content, the last one last.

        :param name: of the copy; outcomes of units that are named in it are looked at first.
        """
        for outcomes in (self._named_in(name), (each for _, each in self.everything())):
            found = [(each, output) for each in outcomes for output in each.outputs if output.sha256 == sha256]
            if found:
                return sorted(found, key=lambda pair: ended(pair[0]))
        return []

    def everything(self) -> Iterator[tuple[Place, Outcome]]:
        """All outcomes, in no particular order."""
        for part in batched(self.places(), AT_ONCE):
            with ThreadPoolExecutor(THREADS) as pool:
                read = zip(part, pool.map(self._fresh, part), strict=True)
                yield from ((place, each) for place, each in read if each is not None)

    def places(self, step: str = "") -> Iterator[Place]:
        """Where all outcomes are kept.

        :param step: of one step alone; empty for all.
        """
        for stored in self.workspace.list(outcomes_prefix(step) if step else OUTCOMES):
            if (parsed := parse_outcome_key(stored.key)) is not None:
                yield (stored.key.split("/")[2], *parsed)

    def _named_in(self, text: str) -> Iterator[Outcome]:
        """The outcomes of units whose values are all in a text."""
        for step in self._listed(OUTCOMES)[0]:
            for place in self._below(step, lambda value: value in text):
                if (outcome := self.read(place)) is not None:
                    yield outcome

    def _below(self, folder: str, fits: Callable[[str], bool]) -> Iterator[Place]:
        folders, keys = self._listed(folder)
        for key in keys:
            if (parsed := parse_outcome_key(key)) is not None:
                yield (key.split("/")[2], *parsed)
        for each in folders:
            _, equals, value = each.rstrip("/").rpartition("/")[2].partition("=")
            if not equals or fits(unquote(value)):
                yield from self._below(each, fits)

    def _listed(self, folder: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if folder not in self._folders:
            folders, objects = self.workspace.folders(folder)
            self._folders[folder] = folders, tuple(each.key for each in objects)
        return self._folders[folder]

    def read(self, place: Place) -> Outcome | None:
        """An outcome, kept for the next time; None if it is gone."""
        if place not in self._read:
            self._read[place] = self._fresh(place)
        return self._read[place]

    def _fresh(self, place: Place) -> Outcome | None:
        """An outcome; None if it was set aside since it was listed."""
        try:
            return self._store.get(*place)
        except NotFoundError:
            return None


def names_of(key: str) -> frozenset[str]:
    """The keys under which outputs may have a file: its own, and those of the folders that it is, or is in."""
    clean = key.rstrip("/")
    around = [str(each) for each in PurePosixPath(clean).parents if str(each) != "."]
    return frozenset({key, clean, *map(marker_of, [clean, *around])})


def wrote(outcome: Outcome, wanted: frozenset[str]) -> OutputRecord | None:
    """The output of an attempt that is one of some keys."""
    return next((each for each in outcome.outputs if each.key in wanted), None)


def ended(outcome: Outcome) -> tuple[str, int]:
    """For sorting by time."""
    return str(outcome.timing.get("ended", "")), outcome.attempt
