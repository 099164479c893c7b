"""What an imaging program is given: one unit's parameters, its input files and the files that it has to write."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional


class DataError(Exception):
    """The data or the parameters are at fault; the message is the one sentence that the person reads."""


@dataclass(frozen=True)
class File:
    """A file of a unit.

    :param path: where it lies, or has to lie, on this machine.
    :param values: its wildcards, all as text: ``{"plate": "P1", "well": "A01", "site": "1", "channel": "DNA"}``.
    :param planes: which planes of the file it means: places on its axes from 0, and the frame; none for a single one.
    """

    path: Path
    values: Mapping[str, str] = field(default_factory=dict)
    planes: tuple[Mapping[str, int], ...] = ()

    def agrees(self, values: Mapping[str, str]) -> bool:
        """Whether no wildcard that both have differs: an illumination function has no site, and suits every site."""
        return all(values.get(name, value) == value for name, value in self.values.items())


@dataclass(frozen=True)
class Unit:
    """One unit of an imaging step.

    :param name: unit id, e.g. ``plate=P1/well=A01``.
    :param values: its ``foreach`` wildcards, as text.
    :param params: the step's ``with``.
    :param inputs: input name to files.
    :param outputs: output name to the files to be written.
    :param notes: file whose lines become notes of the unit's outcome; None if nobody reads it.
    :param out: folder of all that it writes, for outputs whose number is open.
    """

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    step: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, tuple[File, ...]] = field(default_factory=dict)
    outputs: Mapping[str, tuple[File, ...]] = field(default_factory=dict)
    notes: Optional[Path] = None
    out: Optional[Path] = None

    @classmethod
    def read(cls, path: Path) -> Unit:
        """Read a unit file.

        :param path: JSON with ``unit``, ``values``, ``step``, ``params``, ``inputs``, ``outputs``, perhaps ``notes``
            and ``out``.
        :raises DataError: if it cannot be read as that.
        """
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            inputs, outputs = _files(raw["inputs"]), _files(raw["outputs"])
            notes, out = (Path(raw[name]) if raw.get(name) else None for name in ("notes", "out"))
            values, params = _texts(raw.get("values")), raw.get("params") or {}
            return cls(raw["unit"], values, raw.get("step", ""), params, inputs, outputs, notes, out)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{path}: not a unit file ({type(error).__name__}: {error})") from error

    def files(self, name: str) -> tuple[File, ...]:
        """The files of an input.

        :raises DataError: if the step names no such input, or it is empty.
        """
        files = self.inputs.get(name, ())
        if not files:
            raise DataError(f"{self.name}: input `{name}` has no files; the step's `inputs` must name it")
        return files

    def images(self, name: str) -> tuple[File, ...]:
        """The files of an input, each with values of its own.

        :raises DataError: as :meth:`files`, and if two of them have the same values.
        """
        first: dict[frozenset[tuple[str, str]], File] = {}
        for file in self.files(name):
            other = first.setdefault(frozenset(file.values.items()), file)
            if other is not file:
                values = ", ".join(f"{wildcard} {value}" for wildcard, value in file.values.items()) or "no values"
                raise DataError(
                    f"{self.name}: input `{name}` has two files with the same values ({values}): {other.path.name} and "
                    f"{file.path.name}; give the pattern a wildcard that tells them apart, or leave one out"
                )
        return tuple(first.values())

    def output(self, name: str) -> Optional[File]:
        """The one file of an output; None if the step does not ask for it.

        :raises DataError: if its pattern asks for several files.
        """
        files = self.outputs.get(name, ())
        if len(files) > 1:
            raise DataError(f"{self.name}: output `{name}` is one file, but its pattern asks for {len(files)}")
        return files[0] if files else None

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """A numeric parameter.

        :raises DataError: if it is not a number from ``low`` to ``high``.
        """
        value = self.params.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise DataError(f"parameter `{name}` is {value!r}; it must be a number from {low:g} to {high:g}")
        return float(value)


def agreeing(files: Iterable[File], values: Mapping[str, str]) -> list[File]:
    """The files whose wildcards contradict none of ``values``, in their order."""
    return [file for file in files if file.agrees(values)]


def _files(raw: Mapping[str, Any]) -> dict[str, tuple[File, ...]]:
    return {name: tuple(map(_file, files)) for name, files in raw.items()}


def _file(raw: Mapping[str, Any]) -> File:
    return File(Path(raw["path"]), _texts(raw.get("values")), tuple(raw.get("planes") or ()))


def _texts(values: Optional[Mapping[str, Any]]) -> dict[str, str]:
    return {name: str(value) for name, value in (values or {}).items()}
