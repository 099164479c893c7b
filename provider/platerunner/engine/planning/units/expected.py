"""The files that a unit must write, from the patterns of its outputs and the values that its inputs have."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, product
from typing import Any

from platerunner.engine.planning.available import Available, parse_pattern
from platerunner.engine.planning.errors import PlanningError
from platerunner.spec.model import Output, Step
from platerunner_unit.contract.manifest import InputFile, OpenOutput, OutputFile
from platerunner_unit.contract.patterns import Pattern, PatternError

Inputs = Mapping[str, tuple[InputFile, ...]]
Row = tuple[Any, ...]


class ExpectedOutput:
    """One output of a step, ready to be asked a hundred thousand times.

    :param step: that writes it.
    :param output: of that step.
    :param available: input name to what there is of it; its pattern tells which wildcards an input supplies.
    :raises PlanningError: if a wildcard of the pattern comes from nowhere, or units would overwrite each other's files.
    """

    def __init__(self, step: Step, output: Output, available: Mapping[str, Available]) -> None:
        self.name = output.name
        self._what = f"step {step.name}, output {output.name}"
        self.pattern = parse_pattern(output.pattern, self._what)
        self._source = parse_pattern(output.source, f"{self._what}, source") if output.source else None
        self.at_least = output.at_least
        self._check_units(step)
        self._rest, self._choices = _open_wildcards(self.pattern, step, output)
        self._suppliers = [] if self.at_least is not None else self._find_suppliers(available)

    def files(self, values: Mapping[str, Any], inputs: Inputs) -> tuple[OutputFile, ...]:
        """The files of a unit.

        :param values: its ``foreach`` wildcards.
        :param inputs: its files.
        :raises PlanningError: if a value does not suit the pattern.
        """
        names = (*(name for supplied, _ in self._suppliers for name in supplied), *self._choices)
        choices = list(self._choices.values())
        supplied = [_rows(wildcards, inputs, by) for wildcards, by in self._suppliers]
        # Nearly all outputs have one supplier and no values of their own, so that nothing has to be combined.
        rows: Iterable[Row] = (
            supplied[0] if len(supplied) == 1 and not choices else map(_flat, product(*supplied, product(*choices)))
        )
        return tuple([self._file({**values, **dict(zip(names, row, strict=True))}) for row in rows])

    def open(self, values: Mapping[str, Any]) -> OpenOutput:
        """The pattern of a unit's files, for an output whose number of files is not known."""
        source = self._source.partial(values).text if self._source else None
        return OpenOutput(self.pattern.partial(values).text, self.at_least or 0, None, source)

    def _file(self, values: Mapping[str, Any]) -> OutputFile:
        try:
            source = self._source.format(values) if self._source else None
            return OutputFile(self.pattern.format(values), {n: values[n] for n in self.pattern.wildcards}, source)
        except PatternError as error:
            raise PlanningError(f"{self._what}: {error.message}") from error

    def _check_units(self, step: Step) -> None:
        for name in step.foreach:
            if name not in self.pattern.wildcards:
                raise PlanningError(
                    f"{self._what}: `{self.pattern}` lacks {{{name}}}, so its units would overwrite each other's files"
                )

    def _find_suppliers(self, available: Mapping[str, Available]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Wildcards and the inputs that supply them: all from inputs that have all, else one input after another."""
        have = {name: frozenset(each.pattern.wildcards) for name, each in available.items()}
        complete = tuple(name for name, wildcards in have.items() if wildcards.issuperset(self._rest))
        if complete or not self._rest:
            return [(self._rest, complete)] if self._rest else []
        suppliers: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        remaining = list(self._rest)
        for name, wildcards in have.items():
            supplied = tuple(each for each in remaining if each in wildcards)
            if supplied:
                suppliers.append((supplied, (name,)))
                remaining = [each for each in remaining if each not in supplied]
        if remaining:
            raise PlanningError(
                f"{self._what}: no input supplies {{{remaining[0]}}} of `{self.pattern}`; "
                "give its values or its range, or `at_least` if the number of files is not known"
            )
        return suppliers


def _open_wildcards(pattern: Pattern, step: Step, output: Output) -> tuple[tuple[str, ...], dict[str, Sequence[Any]]]:
    """The wildcards that inputs supply, and those of which the output says the values."""
    ranges = {name: range(first, last + 1) for name, (first, last) in output.ranges.items()}
    choices = {name: each for name, each in {**ranges, **output.named}.items() if name in pattern.wildcards}
    rest = tuple(name for name in pattern.wildcards if name not in step.foreach and name not in choices)
    return rest, choices


def _rows(names: tuple[str, ...], inputs: Inputs, by: tuple[str, ...]) -> list[Row]:
    """The distinct combinations of values that some inputs have, in a fixed order."""
    rows: dict[tuple[str, ...], Row] = {}
    for name in by:
        for row in _of_files(names, inputs[name]):
            rows.setdefault(_text_of(row), row)
    return [rows[text] for text in sorted(rows)]


@lru_cache(maxsize=1 << 16)
def _text_of(row: Row) -> tuple[str, ...]:
    return tuple(map(str, row))


def _of_files(names: tuple[str, ...], files: tuple[InputFile, ...]) -> Iterator[Row]:
    for file in files:
        values = file.values
        try:
            yield tuple([values[name] for name in names])
        except KeyError:  # a file of an open output that is still to be written has no values for its open wildcards
            continue


def _flat(row: tuple[Row, ...]) -> Row:
    return tuple(chain.from_iterable(row))
