"""What earlier successes are worth: the same work under another name counts, one whose files were overwritten does not.

The same work is that of a step that was renamed, or with files whose stamps changed and not their content.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from platerunner.engine.planning.branch import Branch, units_below
from platerunner.engine.planning.reasons import Reason, Why
from platerunner.engine.records.outcomes import THREADS, OutcomeIndex, OutcomeStore
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.outcome import Outcome, content_of
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.unit_keys import FORGOTTEN, OVERWRITTEN, Kept

Inputs = Mapping[str, tuple[InputFile, ...]]
Known = Collection[Kept]


@dataclass(frozen=True, slots=True)
class Found:
    """An outcome of the same work.

    :param step: where it is stored.
    :param reason: why it counts.
    """

    step: str
    fingerprint: str
    reason: Reason


@dataclass
class Contents:
    """What files in folders hold now; each is read once.

    :param storages: by root, ``data`` and ``workspace``.
    """

    storages: Mapping[str, Storage]
    _read: dict[tuple[str, str, str | None], str | None] = field(default_factory=dict)

    def can_be_stamped(self, inputs: Inputs) -> bool:
        """Whether the ETag of any input is a time stamp."""
        return any(files and self._local(files[0].root) for files in inputs.values())

    def as_recorded(self, ingredients: Mapping[str, Any], inputs: Inputs) -> dict[str, tuple[InputFile, ...]]:
        """Inputs with the ETags that an outcome has of them, where size and content are still those that it had.

        :param ingredients: of the outcome.
        """
        return self._stamped(ingredients, inputs, lambda file, digest: self._now(file) == digest)

    def comparable(self, ingredients: Mapping[str, Any]) -> dict[str, Any]:
        """An outcome's ingredients without the contents of files that do not lie in folders any more."""
        contents = ingredients.get("contents") or {}
        return {**ingredients, "contents": {root: kept for root, kept in contents.items() if self._local(root)}}

    def could_be(self, ingredients: Mapping[str, Any], inputs: Inputs) -> dict[str, tuple[InputFile, ...]]:
        """The inputs if all files still had their recorded content; reads no file."""
        return self._stamped(ingredients, inputs, lambda _file, _digest: True)

    def _stamped(
        self, ingredients: Mapping[str, Any], inputs: Inputs, same: Callable[[InputFile, str], bool]
    ) -> dict[str, tuple[InputFile, ...]]:
        contents = ingredients.get("contents") or {}
        was = {(row[0], row[1]): row for rows in (ingredients.get("inputs") or {}).values() for row in rows}

        def older(file: InputFile) -> InputFile:
            row, digest = was.get((file.root, file.key)), contents.get(file.root, {}).get(file.key)
            if row is None or digest is None or row[3] == file.etag or row[2] != file.size:
                return file
            return replace(file, etag=row[3]) if self._local(file.root) and same(file, digest) else file

        return {name: tuple(older(file) for file in files) for name, files in inputs.items()}

    def _now(self, file: InputFile) -> str | None:
        at = (file.root, file.key, file.etag)
        if at not in self._read:
            self._read[at] = content_of(self.storages[file.root], file.key, file.etag)
        return self._read[at]

    def _local(self, root: str) -> bool:
        return self.storages[root].local is not None


@dataclass
class Earlier:
    """Finds what makes a unit done although nothing is stored under its step and fingerprint.

    :param steps: names of the pipeline's steps; what is stored under others is of steps that it had before.
    :param workspace: the pipeline's.
    :param contents: of its inputs.
    :param branch: in which the units are that are looked for; None for none.
    """

    steps: Collection[str]
    workspace: Storage
    contents: Contents
    branch: Branch | None = None
    _stored: dict[str, dict[str, OutcomeIndex]] = field(default_factory=dict)

    def find(
        self, step: str, unit: str, fingerprint: str, inputs: Inputs, known: Known, again: Callable[[Inputs], str]
    ) -> Found | None:
        """An outcome of the same work; None if there is none.

        :param inputs: the unit's, as they are now.
        :param known: what the names of its outcomes tell.
        :param again: makes its fingerprint of other inputs.
        """
        asked = any(kept.word == FORGOTTEN for kept in known)  # what was done before counts under no name any more
        before = {} if asked else {name: index.units.get(unit, ()) for name, index in self._gone(unit).items()}
        for name, outcomes in before.items():
            if any(kept.category is Category.SUCCEEDED and kept.fingerprint == fingerprint for kept in outcomes):
                return Found(name, fingerprint, Reason(Why.STEP_RENAMED, name))
        if not self.contents.can_be_stamped(inputs):
            return None
        places: list[tuple[str, Known]] = [(step, known), *before.items()]
        for name, stored in places:
            for older in dict.fromkeys(kept.fingerprint for kept in stored if kept.category is Category.SUCCEEDED):
                if self._same(name, unit, older, inputs, again):
                    return Found(name, older, Reason(Why.SAME_FILES))
        return None

    def _same(self, step: str, unit: str, fingerprint: str, inputs: Inputs, again: Callable[[Inputs], str]) -> bool:
        """Whether an outcome is of the same work except for files' time stamps; reads files if all else is equal."""
        try:
            ingredients = OutcomeStore(self.workspace).read(step, unit, fingerprint, Category.SUCCEEDED).ingredients
        except NotFoundError:
            return False  # another run took it over in the meantime
        if again(self.contents.could_be(ingredients, inputs)) != fingerprint:
            return False
        return again(self.contents.as_recorded(ingredients, inputs)) == fingerprint

    def _gone(self, unit: str) -> dict[str, OutcomeIndex]:
        """What is stored under the names of steps that the pipeline has no more; asked for once a plan, if at all.

        :param unit: for which; that of others of its branch comes with it.
        """
        below = units_below(self.branch.key, [unit]) if self.branch else ""
        if below not in self._stored:
            self._stored[below] = self._stored_below(below)
        return self._stored[below]

    def _stored_below(self, units_of: str) -> dict[str, OutcomeIndex]:
        prefix = f"{PREFIX}/outcomes/"
        folders, _ = self.workspace.folders(prefix)
        names = (folder.removeprefix(prefix).strip("/") for folder in folders)
        store = OutcomeStore(self.workspace)
        gone = [name for name in sorted(names) if name not in self.steps]
        return {name: without_overwritten(store, name, store.index(name, units_of))[0] for name in gone}


Overwritten = tuple[tuple[str, Kept], ...]
"""Unit ids, and what the names of their outcomes tell."""


def without_overwritten(store: OutcomeStore, step: str, index: OutcomeIndex) -> tuple[OutcomeIndex, Overwritten]:
    """The index with such successes under a word that does not count, and what they are.

    Only units that succeeded with several fingerprints are read: after a param was changed and changed back, the files
    are those of the other value, and their names do not tell.

    :param index: of the step.
    """
    won = {
        unit: [each for each in kept if each.category is Category.SUCCEEDED]
        for unit, kept in index.units.items()
        if len(kept) > 1
    }
    several = [unit for unit, wins in won.items() if len({each.fingerprint for each in wins}) > 1]
    if not several:
        return index, ()
    with ThreadPoolExecutor(THREADS) as pool:
        of_units = pool.map(lambda unit: list(_of_unit(store, step, unit, won[unit])), several)
        found = tuple(chain.from_iterable(of_units))
    units = dict(index.units)
    for unit, gone in found:
        units[unit] = tuple(kept._replace(word=OVERWRITTEN) if kept == gone else kept for kept in units[unit])
    return OutcomeIndex(units), found


def _of_unit(store: OutcomeStore, step: str, unit: str, wins: Sequence[Kept]) -> Iterator[tuple[str, Kept]]:
    outcomes = {}
    for kept in wins:
        try:
            outcomes[kept] = store.get(step, unit, kept)
        except NotFoundError:
            continue  # another run has set it aside in the meantime
    for kept, outcome in outcomes.items():
        if any(_overwrote(later, outcome) for later in outcomes.values()):
            yield unit, kept


def _overwrote(later: Outcome, outcome: Outcome) -> bool:
    """Whether a success wrote another content to a file of an earlier one."""
    ended, before = str(later.timing.get("ended", "")), str(outcome.timing.get("ended", ""))
    if later.fingerprint == outcome.fingerprint or not before or ended <= before:
        return False
    wrote: Mapping[str, str] = {record.key: record.sha256 for record in later.outputs}
    return any(wrote.get(record.key, record.sha256) != record.sha256 for record in outcome.outputs)
