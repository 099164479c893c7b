"""Files that a dataset leaves out, with the reason, and exclusions that match no file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from platerunner.engine.planning.available import Excluded
from platerunner.engine.planning.files import Files
from platerunner.engine.planning.where import Only, as_listed, is_asked_for
from platerunner.spec.dataset import Exclusion
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.patterns import Pattern


class Reasons:
    """Looks exclusions up by their values, so that a thousand cost as much as one."""

    def __init__(self, pattern: Pattern, exclude: tuple[Exclusion, ...]) -> None:
        self._by_names: dict[tuple[str, ...], dict[tuple[str, ...], str]] = {}
        for each in exclude:
            names = tuple(sorted(each.where))
            if set(names) <= set(pattern.wildcards):
                values = tuple(as_listed(pattern, name, each.where[name], "exclude") for name in names)
                self._by_names.setdefault(names, {}).setdefault(values, each.because)

    def __bool__(self) -> bool:
        return bool(self._by_names)

    def of(self, values: Mapping[str, Any]) -> str | None:
        """Why a file is left out; None if it is not."""
        for names, reasons in self._by_names.items():
            because = reasons.get(tuple([str(values[name]) for name in names]))
            if because is not None:
                return because
        return None


def without(files: Files, reasons: Reasons) -> tuple[Files, list[Excluded]]:
    """The files that count, and those that are left out."""
    if not reasons:
        return files, []
    left_out = ((values, reasons.of(values)) for values in files.values())
    excluded = [Excluded(values, because) for values, because in left_out if because is not None]
    return files.where(lambda values: reasons.of(values) is None), excluded


def idle(
    pattern: Pattern, exclude: tuple[Exclusion, ...], only: Only, files: Files, missing: Sequence[InputFile]
) -> Iterator[Exclusion]:
    """The exclusions that no file agrees with, of those that this run's filters let count.

    :param files: all that match the pattern; looked at by columns, since there may be a million.
    :param missing: those that should be there.
    """
    there: dict[tuple[str, ...], set[tuple[str | None, ...]]] = {}
    for each in exclude:
        names = tuple(sorted(each.where))
        if not set(names) <= set(pattern.wildcards):
            continue
        values = tuple(as_listed(pattern, name, each.where[name], "exclude") for name in names)
        if names not in there:
            there[names] = set(files.texts(names))
            there[names] |= {tuple([str(file.values[name]) for name in names]) for file in missing}
        if is_asked_for(dict(zip(names, values, strict=True)), only) and values not in there[names]:
            yield each


def idle_note(name: str, exclusion: Exclusion) -> str:
    """Says of an exclusion that it matches no file.

    :param name: of the file set.
    """
    what = " ".join(f"{wildcard} {value}" for wildcard, value in exclusion.where.items())
    glob = any("*" in str(value) for value in exclusion.where.values())
    remedy = " `*` stands for itself there: write a line for each value." if glob else ""
    return f"{exclusion.place} excludes {what}, which dataset.{name} does not have.{remedy}"
