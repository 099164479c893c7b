"""The forms in which a spec may write one thing, short or long: paths, planes, what must be there, names of outputs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from platerunner.documents.source import Keys

_RANGE = re.compile(r"([0-9]+)\.\.([0-9]+)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The values of a wildcard that must be there.

    :param values: as text; empty for all that occur.
    :param per: only values that occur together with the same values of these wildcards count; empty for all.
    """

    values: tuple[str, ...] = ()
    per: tuple[str, ...] = ()

    @property
    def is_reversed(self) -> bool:
        """Whether it was a range that ends before it begins."""
        return self.values == ("",)


def wanted_of(complete: Any) -> dict[str, Wanted]:
    """What `complete` says: wildcard to what must be there of it.

    :param complete: as in a spec: a list, or keys with values.
    """
    if not isinstance(complete, Mapping):
        return {name: Wanted() for name in complete or () if isinstance(name, str)}
    return {name: _wanted(said) for name, said in complete.items()}


def _wanted(said: Any) -> Wanted:
    if isinstance(said, list):
        return Wanted(tuple(said))
    numbers, _, group = said.partition("per ")
    if found := _RANGE.fullmatch(numbers.strip()):
        return Wanted(tuple(map(str, range(int(found[1]), int(found[2]) + 1))) or ("",))
    return Wanted((), tuple(re.split(", ?", group)) if group else ())


ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")


def planes_of(files: Any) -> dict[str, tuple[str, ...] | None]:
    """The planes that a file set names: axis to its values, None for all of them.

    :param files: as in a spec.
    """
    said = files.get("planes", {}) if isinstance(files, Mapping) else {}
    return {axis: _axis(each) for axis, each in said.items()}


def _axis(said: Any) -> tuple[str, ...] | None:
    if isinstance(said, list):
        return tuple(map(str, said))
    numbers = _RANGE.fullmatch(said)
    return tuple(map(str, range(int(numbers[1]), int(numbers[2]) + 1))) if numbers else None


def asset_of(item: Any) -> tuple[str, str]:
    """An asset's name, and the wildcard or param whose values are the keys of its events; empty for none.

    :param item: of a step's `assets`.
    """
    return (item, "") if isinstance(item, str) else (item["asset"], item["by"])


def path_of(value: Any) -> str:
    """The pattern of a file set or an output, of files or of folders; empty if it has none."""
    if isinstance(value, str):
        return value
    return str(value.get("folder" if is_folder(value) else "path", ""))


def is_folder(value: Any) -> bool:
    """Whether a file set or an output is of folders that are one thing each."""
    return isinstance(value, dict) and "folder" in value and "path" not in value and "microscope" not in value


def path_keys(keys: Keys, value: Any) -> Keys:
    """Where the pattern stands.

    :param keys: of the file set or the output.
    """
    return keys if isinstance(value, str) else (*keys, "folder" if is_folder(value) else "path")


_NAME = r"[A-Za-z][A-Za-z0-9_]*"


_TARGET = re.compile(rf"(?P<step>{_NAME})(?:\[(?P<where>[^\[\]]*)\])?(?:\.(?P<output>{_NAME}))?")


@dataclass(frozen=True, slots=True)
class Target:
    """What a text names.

    :param step: a step, a gate, or ``dataset``.
    :param output: of the step, or a file set; empty if none is named.
    :param where: what the values of the step's matrix have to be; empty for all members.
    """

    step: str
    output: str = ""
    where: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def parse_target(text: str) -> Target | None:
    """Read ``step``, ``step.output`` or ``step[threshold=0.2, size=3].output``; None if it is something else."""
    found = _TARGET.fullmatch(text)
    if found is None:
        return None
    pairs = [part.partition("=") for part in (found["where"] or "").split(",") if part.strip()]
    if any(not equals or not value.strip() for _, equals, value in pairs) or found["where"] == "":
        return None
    where = {name.strip(): value.strip() for name, _, value in pairs}
    return Target(found["step"], found["output"] or "", where)


def parse_output(text: str) -> Target | None:
    """Read what names an output or a file set; None if it does not."""
    target = parse_target(text)
    return target if target is not None and target.output else None
