"""The files that a unit must write, from its patterns and the values of its inputs; no two units may write one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, product
from typing import Any

from platerunner.engine.planning.available import Available, parse_pattern
from platerunner.engine.planning.errors import PlanningError
from platerunner.spec.steps import Output, Step
from platerunner_unit.contract.manifest import InputFile, OpenOutput, OutputFile, UnitTask
from platerunner_unit.contract.patterns import Pattern, PatternError
from platerunner_unit.contract.patterns.wildcard_types import may_hold

Inputs = Mapping[str, tuple[InputFile, ...]]
Row = tuple[Any, ...]


class ExpectedOutput:
    """One output of a step, ready to be asked a hundred thousand times.

    :param step: that writes it.
    :param output: of that step.
    :param available: input name to its files; its pattern tells which wildcards an input supplies.
    :raises PlanningError: if a wildcard of the pattern comes from nowhere, or units would overwrite each other's files.
    """

    def __init__(self, step: Step, output: Output, available: Mapping[str, Available]) -> None:
        self.name = output.name
        self._what = f"step {step.name}, output {output.name}"
        self.pattern = parse_pattern(output.key_pattern, self._what)
        self._source = parse_pattern(output.source, f"{self._what}, source") if output.source else None
        self.folder = parse_pattern(output.pattern, self._what) if output.folder else None
        self._shown = output.pattern
        self.at_least = output.at_least
        self._check_units(step)
        # The wildcards that inputs supply, and those whose values the output gives.
        ranges = {name: range(first, last + 1) for name, (first, last) in output.ranges.items()}
        choices = {name: each for name, each in {**ranges, **output.named}.items() if name in self.pattern.wildcards}
        rest = tuple(name for name in self.pattern.wildcards if name not in step.foreach and name not in choices)
        self._rest, self.choices = rest, choices
        self._suppliers = [] if self.at_least is not None else self._find_suppliers(available)

    def files(self, values: Mapping[str, Any], inputs: Inputs) -> tuple[OutputFile, ...]:
        """The files of a unit.

        :param values: its ``foreach`` wildcards.
        :param inputs: its files.
        :raises PlanningError: if a value does not suit the pattern.
        """
        names = (*(name for supplied, _ in self._suppliers for name in supplied), *self.choices)
        choices = list(self.choices.values())
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
                    f"{self._what}: `{self._shown}` lacks {{{name}}}, so its units would overwrite each other's files"
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
                f"{self._what}: no input supplies {{{remaining[0]}}} of `{self._shown}`; "
                "give its values or its range, or `at_least` if the number of files is not known"
            )
        return suppliers


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


class UnitKeys:
    """Watches what the units of a step write; costs nothing where values follow from keys.

    :param outputs: those whose names are known beforehand.
    :param available: the step's inputs, which have the values.
    :param own: wildcards whose values the step gives itself.
    """

    def __init__(
        self, step: str, outputs: Sequence[ExpectedOutput], available: Mapping[str, Available], own: Iterable[str] = ()
    ) -> None:
        self._step = step
        given = {*own, *(name for each in outputs for name in each.choices)}
        types = {name: type_ for name, type_ in _types(available.values()).items() if name not in given}
        holds = _Held(types, available)
        self._watched = {each.name: each.pattern for each in outputs if not follows(each.pattern, types, holds)}
        self._doubtful: dict[str, set[str]] = {name: set() for name in self._watched}

    def look(self, task: UnitTask) -> None:
        """Remember a unit's keys if their values would be read differently: of two equal keys, one is such a key."""
        for name, pattern in self._watched.items():
            for file in task.outputs[name]:
                if _as_texts(pattern.match(file.key)) != _as_texts(file.values):
                    self._doubtful[name].add(file.key)

    def check(self, tasks: Iterable[UnitTask]) -> None:
        """Refuse keys that are written twice.

        :param tasks: of all units; asked for only if there was something to remember.
        :raises PlanningError: if two units, or one twice, would write one key; it names both.
        """
        if not any(self._doubtful.values()):
            return
        first: dict[tuple[str, str], str] = {}
        for task in tasks:
            for name, keys in self._doubtful.items():
                for key in [file.key for file in task.outputs[name] if file.key in keys]:
                    if (name, key) in first:
                        raise PlanningError(self._sentence(name, key, first[name, key], task.unit))
                    first[name, key] = task.unit

    def _sentence(self, name: str, key: str, one: str, other: str) -> str:
        who = (
            f"units {one} and {other} would both write"
            if one != other
            else f"{one or 'its only unit'} would write twice"
        )
        remedy = f"Give each wildcard of `{self._watched[name]}` a folder of its own."
        return f"step {self._step}, output {name}: {who} `{key}`. {remedy}"


class _Held:
    """Whether values have a character, by all values that occur; types alone tell that few cannot.

    :param types: wildcard to the type that its values have, of those that come from inputs alone.
    """

    def __init__(self, types: Mapping[str, str], available: Mapping[str, Available]) -> None:
        self._types, self._inputs = types, available.values()
        self._characters: dict[str, set[str]] = {}

    def __call__(self, name: str, character: str) -> bool:
        if name not in self._types:
            return True
        if not may_hold(self._types[name], character):
            return False
        if name not in self._characters:
            values = {value for each in self._inputs for value in each.files.distinct(name)}
            values |= {file.values.get(name, "") for each in self._inputs for file in each.absent}
            self._characters[name] = set(chain.from_iterable(map(str, values)))
        return character in self._characters[name]


def follows(pattern: Pattern, types: Mapping[str, str], holds: Callable[[str, str], bool] | None = None) -> bool:
    """Whether the values certainly follow from a key, so that different values make different keys.

    Folder by folder: a wildcard is known if it ends where something stands that it cannot have, or if it is the only
    one of its folder or name that is left.

    :param types: wildcard to the type that its values have.
    :param holds: whether the values of a wildcard have a character; None to go by their types.
    """
    holds = holds or (lambda name, character: may_hold(types.get(name, "text"), character))
    if any(type_ not in ("text", types.get(name)) for name, type_ in pattern.types.items()):
        return False  # two values that differ may be written alike
    known: set[str] = set()
    for part in [Pattern.parse(part) for part in pattern.text.split("/")]:
        tokens = [(token.kind, token.text) for token in part.tokens]
        for way in (tokens, [(kind, text[::-1] if kind == "literal" else text) for kind, text in reversed(tokens)]):
            _walk(way, holds, known)
        left = {text for kind, text in tokens if kind == "wildcard" and text not in known}
        if len(left) > 1:
            return False
        known.update(left)
    return True


def _walk(tokens: Sequence[tuple[str, str]], holds: Callable[[str, str], bool], known: set[str]) -> None:
    """Take the wildcards for known that end at a character which they cannot have, up to the first that does not."""
    for (kind, text), (after, literal) in zip(tokens, [*tokens[1:], ("end", "")], strict=True):
        if kind == "wildcard" and text not in known:
            if after != "literal" or holds(text, literal[0]):
                return
            known.add(text)


def _types(inputs: Iterable[Available]) -> dict[str, str]:
    """Wildcard to the type that its values have; text if inputs differ, or if its values go by other names."""
    types: dict[str, str] = {}
    for each in inputs:
        for name, type_ in each.pattern.types.items():
            types[name] = type_ if types.get(name, type_) == type_ and name not in each.renamed else "text"
    return types


def _as_texts(values: Mapping[str, Any] | None) -> dict[str, str] | None:
    return None if values is None else {name: str(value) for name, value in values.items()}
