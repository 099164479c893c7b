"""Files that agree in the values of all their wildcards, so that nobody can tell which of them is meant."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice

from platerunner.engine.planning.available import Available
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.files import Files
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.patterns import Pattern

_SLOTS = 8
"""Slots per file of the table in which repeated numbers are looked for."""
_TRIED = 500
"""Files that a remedy is tried on."""
_STAR = re.compile(r"(?<!\{)(?:\*\*/|\*\*|\*)(?!\})")


class SameValuesError(PlanningError):
    """Files of a file set agree in the values of all their wildcards."""


def check_distinct(found: Available) -> None:
    """Refuse files of a dataset that nobody can tell apart.

    :param found: the files of a file set.
    :raises SameValuesError: if two files have the same values; it names both, and a way out that works.
    """
    pattern = found.pattern
    if not (pattern.has_glob or found.renamed or pattern.has_spellings):
        return  # then a key follows from its values
    groups = repeated(found.files)
    if groups:
        raise SameValuesError(_sentence(found, groups))


def repeated(files: Files) -> list[list[InputFile]]:
    """The files that agree in all values with another one, in groups, each in the order of keys.

    Most files are looked at once and by number: a million must not become objects.
    """
    slots = _SLOTS * len(files) + 1
    seen, suspects = bytearray(slots), set[int]()
    for code in files.codes():
        slot = code % slots
        if seen[slot]:
            suspects.add(slot)
        seen[slot] = 1
    if not suspects:
        return []
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for row, code in zip(files.rows, files.codes(), strict=True):
        if code % slots in suspects:
            groups[code].append(row)
    same = (rows for rows in groups.values() if len(rows) > 1)
    found = [sorted(map(files.table.file, rows), key=lambda file: file.key) for rows in same]
    return sorted(found, key=lambda group: group[0].key)


def _sentence(found: Available, groups: Sequence[Sequence[InputFile]]) -> str:
    first = groups[0]
    values = ", ".join(f"{name} {value}" for name, value in first[0].values.items())
    names = " and ".join(f"`{file.key}`" for file in first[:3]) + (" and others" if len(first) > 3 else "")
    total = sum(map(len, groups))
    more = f" ({total:,} files are not told apart in all)" if total > len(first) else ""
    return f"{found.ref}: {len(first)} files have the same values ({values}): {names}{more}. {_remedy(found, groups)}."


def _remedy(found: Available, groups: Sequence[Sequence[InputFile]]) -> str:
    """A way out, which was tried on the files."""
    pattern = found.pattern
    keys = [[file.key.rstrip("/") for file in group] for group in groups[:_TRIED]]
    same = {key for group in keys for key in group}
    others = [key for key in (file.key for file in islice(found.files, _TRIED)) if key not in same]
    for text, name in _with_one_more(pattern):
        if _tells_apart(Pattern.parse(text), keys, others):
            return (
                f"Write `{text}`, so that {{{name}}} tells them apart; `where` or `exclude` can then choose among them"
            )
    for text in _narrower(pattern):
        if _takes_one_each(Pattern.parse(text), keys, others):
            return f"Write `{text}`, which matches one of them alone"
    if pattern.match(keys[0][0]) != pattern.match(keys[0][1]):
        return "`rename` gives two values one name: give one of them another"
    return "Move one of them out of the data root"


def _with_one_more(pattern: Pattern) -> Iterator[tuple[str, str]]:
    """The pattern with a further wildcard in place of a `*`, and the wildcard's name."""
    name = next(name for name in ("part", "part2", "part3") if name not in pattern.wildcards)
    for star in _STAR.finditer(pattern.text):
        slash = "/" if star[0].endswith("/") else ""
        yield f"{pattern.text[: star.start()]}{{{name}}}{slash}{pattern.text[star.end() :]}", name


def _narrower(pattern: Pattern) -> Iterator[str]:
    """The pattern without a `*` behind a wildcard, which then is a number or a word without digits."""
    for star in _STAR.finditer(pattern.text):
        head, tail = pattern.text[: star.start()], pattern.text[star.end() :]
        if head.endswith("}"):
            name = head[head.rindex("{") + 1 : -1]
            types = [""] if ":" in name else [":digits", ":alpha"]
            yield from (f"{head[:-1]}{type_}}}{tail}" for type_ in types if pattern.text.count(f"{{{name}}}") <= 1)


def _tells_apart(pattern: Pattern, groups: Sequence[Sequence[str]], others: Sequence[str]) -> bool:
    if any(pattern.match(key) is None for key in others):
        return False
    values = [[pattern.match(key) for key in group] for group in groups]
    return all(None not in each and len({str(value) for value in each}) == len(each) for each in values)


def _takes_one_each(pattern: Pattern, groups: Sequence[Sequence[str]], others: Sequence[str]) -> bool:
    if any(pattern.match(key) is None for key in others):
        return False
    return all(sum(pattern.match(key) is not None for key in group) == 1 for group in groups)
