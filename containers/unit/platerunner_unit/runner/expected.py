"""Finds the outputs that the spec expects among the files that the tool wrote."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Optional

from platerunner_unit.contract.evidence import OutputFound, WrittenFile
from platerunner_unit.contract.manifest import OpenOutput, OutputFile, UnitTask
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.unit_keys import folder_of, shown_key
from platerunner_unit.contract.words import and_more

Inspect = Callable[[Path], Optional[str]]


@dataclass(frozen=True)
class Located:
    """An expected output and the file that the tool wrote for it.

    :param name: the output's name in the spec.
    :param key: where it goes, relative to the workspace.
    :param path: the file; None if there is none.
    :param problem: why it is not good, as a clause; None if it is.
    :param cause: the name under which a remedy for the problem is known; empty for the usual one.
    """

    name: str
    key: str
    path: Optional[Path]
    problem: Optional[str] = None
    cause: str = ""

    def found(self) -> OutputFound:
        """As evidence."""
        return OutputFound(
            shown_key(self.key), None if self.path is None else _size(self.path), self.problem, self.cause
        )


def locate(unit: UnitTask, out: Path, inspect: Inspect) -> list[Located]:
    """Find every expected output.

    A file is found under its full key; else under the longest end of the key that exactly one file has (a tool knows
    its own folders only).

    :param unit: what is expected.
    :param out: the tool's output folder.
    :param inspect: says why a file is not plausible, None if it is.
    :returns: a line per expected file, and per file found for open outputs.
    """
    index = _Index(out)
    located = [_look_up(index, name, file) for name, files in unit.outputs.items() for file in files]
    for name, output in unit.open_outputs.items():
        located.extend(_open(index, name, output))
    located.extend(_gaps(index, unit, {each.path for each in located}))
    return [
        each if each.path is None else Located(each.name, each.key, each.path, inspect(each.path))
        for each in _without_shared(located)
    ]


def unclaimed(located: Sequence[Located], out: Path) -> list[WrittenFile]:
    """What the tool wrote besides its outputs, by name."""
    claimed = {each.path for each in located}
    folders = tuple(f"{each}/" for each in claimed if each is not None and each.is_dir())
    files = (out / file for file in sorted(_files(out)))
    left = (file for file in files if file not in claimed and not str(file).startswith(folders))
    return [WrittenFile(file.relative_to(out).as_posix(), file.stat().st_size) for file in left]


def _size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    return path.stat().st_size if path.is_file() else sum((path / file).stat().st_size for file in _files(path))


def _gaps(index: _Index, unit: UnitTask, claimed: Collection[Optional[Path]]) -> Iterator[Located]:
    """For an output that is a folder, a line that names its files that no output has: a part is not the folder.

    An output is a folder if the last name of its pattern is a wildcard and no more, as in ``{plate}.zarr/{part}``.
    """
    for name, output in unit.open_outputs.items():
        if not _WILDCARD.fullmatch((output.source or output.pattern).rpartition("/")[2]):
            continue
        base = _base(_fit(index.files, output)[0])
        left = [file for file in index.files if file.startswith(base) and index.out / file not in claimed]
        if left:
            shown = ", ".join(left[:3]) + and_more(len(left) - 3)
            problem = f"takes a folder, and {len(left)} of its files fit no output: {shown}"
            yield Located(name, output.pattern, None, problem, cause="not_an_output")


_WILDCARD = re.compile(r"\{\w+(?::\w+)?\}")


def _base(end: str) -> str:
    """The folder of a pattern before its first wildcard, with a slash; empty for the output folder itself."""
    literal = re.split(r"[{*]", end, maxsplit=1)[0]
    return literal[: literal.rfind("/") + 1]


class _Index:
    """The files of a folder, by their paths' ends."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.files = sorted(_files(out))
        self._by_name: dict[str, list[str]] = {}
        for file in self.files:
            self._by_name.setdefault(_name(file), []).append(file)

    def find_folder(self, key: str) -> list[str]:
        """As :meth:`find`, the folders."""
        folders = {str(parent) for file in self.files for parent in PurePosixPath(file).parents}
        named, wanted = [each for each in sorted(folders) if _name(each) == _name(key)], key.split("/")
        score = {folder: _common_end(folder.split("/"), wanted) for folder in named}
        return [folder for folder in named if score[folder] == max(score.values())]

    def find(self, key: str) -> list[str]:
        """The files that fit a key best: one if all is well, several if it is ambiguous, none."""
        files, wanted = self._by_name.get(_name(key), []), key.split("/")
        score = {file: _common_end(file.split("/"), wanted) for file in files}
        return [file for file in files if score[file] == max(score.values())]


def _look_up(index: _Index, name: str, file: OutputFile) -> Located:
    if folder_of(file.key) is not None:
        return _look_up_folder(index, name, file)
    for exact in (file.source, file.key):
        if exact is not None and (index.out / exact).is_file():
            return Located(name, file.key, index.out / exact)
    found = index.find(file.source or file.key)
    if not found:
        return _absent(index, name, file)
    if len(found) > 1:
        return Located(name, file.key, None, f"{found[0]} and {found[1]} could both be meant")
    return Located(name, file.key, index.out / found[0])


def _look_up_folder(index: _Index, name: str, file: OutputFile) -> Located:
    """As a file is found: under its own path, or under the longest end of it that one folder has."""
    wanted = folder_of(file.source or file.key) or file.source or file.key
    if (index.out / wanted).is_dir():
        return Located(name, file.key, index.out / wanted)
    found = index.find_folder(wanted)
    if len(found) > 1:
        return Located(name, file.key, None, f"{found[0]}/ and {found[1]}/ could both be meant")
    if not found and index.find(wanted):
        problem = f"was written as a file ({index.find(wanted)[0]}), and the output is a folder"
        return Located(name, file.key, None, problem, cause="output_is_file")
    return Located(name, file.key, index.out / found[0] if found else None)


def _absent(index: _Index, name: str, file: OutputFile) -> Located:
    """Nothing has an output's name, or a folder has it."""
    folder = f"/{_name(file.source or file.key)}/"
    inside = [each for each in index.files if folder in f"/{each}"]
    if not inside:
        return Located(name, file.key, None)
    problem = f"was written as a folder of {len(inside)} files ({inside[0]}, ...), and an output is one file"
    return Located(name, file.key, None, problem, cause="output_is_folder")


def _open(index: _Index, name: str, output: OpenOutput) -> Iterator[Located]:
    """All files of an open output, and a line without a file if there are too few or too many."""
    _, matched = _fit(index.files, output)
    for key, file in matched.items():
        yield Located(name, key, index.out / file)
    wanted = f"{output.at_least} or more" if output.at_most is None else f"{output.at_least} to {output.at_most}"
    if not output.at_least <= len(matched) <= (len(matched) if output.at_most is None else output.at_most):
        yield Located(name, output.pattern, None, f"{len(matched)} files fit, {wanted} are expected")


def _fit(files: Sequence[str], output: OpenOutput) -> tuple[str, dict[str, str]]:
    """The longest end of the pattern that any file fits, and key to file of these."""
    pattern = Pattern.parse(output.pattern)
    parts = (output.source or output.pattern).split("/")
    for start in range(len(parts)):
        end = Pattern.parse("/".join(parts[start:]))
        values = {file: match for file in files if (match := end.match(file)) is not None}
        if values:
            full = {file: match for file, match in values.items() if set(pattern.wildcards) <= set(match)}
            return "/".join(parts[start:]), {pattern.format(match): file for file, match in full.items()}
    return "/".join(parts), {}


def _without_shared(located: Sequence[Located]) -> Iterator[Located]:
    """A file serves one output; one that two outputs want proves neither."""
    claims: dict[Path, list[str]] = {}
    for each in located:
        if each.path is not None:
            claims.setdefault(each.path, []).append(each.key)
    for each in located:
        keys = claims.get(each.path, []) if each.path is not None else []
        if len(keys) > 1 and each.path is not None:
            both = f"the tool wrote one file, {each.path.name}, where {keys[0]} and {keys[1]} are expected"
            yield Located(each.name, each.key, None, both)
        else:
            yield each


def _files(out: Path) -> Iterator[str]:
    for folder, _, names in os.walk(out):
        for name in names:
            path = Path(folder, name)
            # A link to what lies elsewhere was put there for the tool; it wrote none of it.
            if path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(out.resolve())):
                yield path.relative_to(out).as_posix()


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _common_end(parts: Sequence[str], wanted: Sequence[str]) -> int:
    """How many last parts of two paths agree."""
    agree = 0
    for one, other in zip(reversed(parts), reversed(wanted)):  # noqa: B905  (Python 3.9)
        if one != other:
            break
        agree += 1
    return agree
