"""The file that asks for a launch: JSON or YAML, checked whole, so that one answer names every mistake."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from platerunner.documents import reader
from platerunner.documents.problems import DocumentError, Problem, suggest
from platerunner.documents.source import Keys, Position, Source
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.units.unit_patterns import UnitPattern
from platerunner.engine.records.launches import digest_of
from platerunner.spec.model import Pipeline

KEYS = ("launch", "pipeline", "data", "params", "only", "compute")
REQUIRED = ("launch", "pipeline")
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.~+-]{0,79}")
"""What a launch may be called: it becomes a file's name, and a part of its run's id."""
EXAMPLE = '{"launch": "batch-7", "pipeline": "cells", "params": {"plate": "P1"}}'
LONGEST = 60
"""Characters of a value that a message shows."""
MISSING, INVALID = "MissingRequiredParametersError", "InvalidLaunchError"
_REMEDIES = {
    "too-large": "Name the data by its address; a launch is a few lines.",
    "empty-file": f"Write what shall run, such as {EXAMPLE}.",
    "wrong-type": f"Write keys and values, such as {EXAMPLE}.",
    "not-text": "Save it as text, in UTF-8.",
    "not-utf8": "Save it as text, in UTF-8.",
}


@dataclass(frozen=True, slots=True)
class Config:
    """What a file asks for.

    :param params: of the run.
    :param digest: of all of it.
    """

    launch: str
    params: Mapping[str, Any]
    digest: str


class InvalidLaunchError(Exception):
    """A file asks for nothing that can be run.

    :param launch: id that it asks for; empty where there is none that can be used.
    :param missing: keys and params that are not there and must be.
    :param problems: all of them, in the order of the lines.
    """

    def __init__(self, launch: str, missing: tuple[str, ...], problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.launch, self.missing, self.problems = launch, missing, problems

    @property
    def kind(self) -> str:
        """The name of the error, for programs."""
        return MISSING if self.missing else INVALID


def read_config(content: bytes, name: str, pipeline: Pipeline, pools: Collection[str]) -> Config:
    """What a file asks for.

    :param name: of the file, for messages.
    :param pipeline: that waits for such files.
    :param pools: names of the connection's queues.
    :raises InvalidLaunchError: with all that is wrong.
    """
    # JSON may have tabs between its values, which YAML refuses; in texts JSON has none.
    text = content.replace(b"\t", b" ") if content.lstrip()[:1] == b"{" else content
    try:
        source = reader.parse(text, Path(name))
    except DocumentError as error:
        problems = (replace(p, remedy=_REMEDIES.get(p.code, p.remedy)) for p in error.problems)
        raise InvalidLaunchError("", (), tuple(problems)) from None
    return _Reading(source, pipeline, pools).config()


class _Reading:
    """A file while it is checked.

    :param source: gets the problems.
    """

    def __init__(self, source: Source, pipeline: Pipeline, pools: Collection[str]) -> None:
        self._source = source
        # Programs write null for what nobody has filled in.
        self._data: dict[str, Any] = {key: value for key, value in source.data.items() if value is not None}
        self._pipeline = pipeline
        self._pools = pools
        self._missing: list[str] = []

    def config(self) -> Config:
        launch = self._names()
        params = {**self._params(), **self._only(), **self._compute()}
        if self._source.problems:
            problems = tuple(sorted(set(self._source.problems)))
            raise InvalidLaunchError(launch, tuple(self._missing), problems)
        return Config(launch, params, digest_of(json.dumps(params, sort_keys=True)))

    def _names(self) -> str:
        """The launch's id, empty if it cannot be used; and all about keys and the pipeline."""
        for key in self._source.data:
            if key not in KEYS:
                self._source.at_key((key,), f"unknown key `{key}`", suggest(key, KEYS, "keys"), "unknown-key")
        for key in REQUIRED:
            if key not in self._data:
                self._lacks((), key, f"`{key}` is missing", f"Add it: {EXAMPLE}.")
        if "pipeline" in self._data and self._data["pipeline"] != self._pipeline.name:
            message = f"files here start `{self._pipeline.name}`, and not {_shown(self._data['pipeline'])}"
            remedy = f"Write `{self._pipeline.name}`, or upload it where the other pipeline looks."
            self._source.at_value(("pipeline",), message, remedy, "unknown-pipeline")
        if "launch" not in self._data:
            return ""
        launch = self._text("launch")
        if ID.fullmatch(launch) and ".." not in launch:
            return launch
        message = f"`{launch[:100]}` cannot be the name of a launch"
        remedy = "Use at most 80 letters, digits, `_`, `.`, `~`, `+` and `-`, no two dots together."
        self._source.at_value(("launch",), message, remedy, "bad-launch")
        return ""

    def _text(self, key: str) -> str:
        """A value as it is written: a launch 0512 is not 512."""
        return self._source.mark((key,)).text or str(self._data[key])

    def _lacks(self, keys: Keys, name: str, message: str, remedy: str) -> None:
        self._missing.append(name)
        at = self._source.mark(keys).key if keys else Position(1, 1)
        self._source.add(at, message, remedy, "missing-key")

    def _params(self) -> dict[str, Any]:
        declared, given = self._pipeline.params, self._data.get("params", {})
        if not isinstance(given, dict):
            self._source.at_value(("params",), "`params` is no mapping", "Write name and value of each.", "wrong-type")
            given = {}
        found = {}
        for name, value in given.items():
            if name not in declared:
                remedy = suggest(name, declared, "params")
                self._source.at_key(("params", name), f"unknown param `{name}`", remedy, "unknown-param")
            else:
                found[name] = self._checked(("params", name), name, value)
        found |= self._data_param(given)
        for name, schema in declared.items():
            if schema.get("required") and name not in found:
                keys: Keys = ("params",) if "params" in self._source.data else ()
                remedy = f"Add it under `params`. {schema.get('description', '')}".rstrip()
                self._lacks(keys, name, f"the param `{name}` is missing, and has no default", remedy)
        return found

    def _data_param(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Where the data is, as the param of that name."""
        if "data" not in self._data:
            return {}
        if "data" not in self._pipeline.params:
            message = f"`{self._pipeline.name}` has no param `data`, so that its raw files are where its spec says"
            self._source.at_key(("data",), message, "Delete it, or let the spec have such a param.", "unknown-param")
        elif "data" in given:
            self._source.at_key(("data",), "`data` is under `params`, too", "Delete one of the two.", "two-answers")
        else:
            return {"data": self._checked(("data",), "data", self._data["data"])}
        return {}

    def _checked(self, keys: Keys, name: str, value: Any) -> Any:
        """A param's value; what is wrong with it is noted."""
        from jsonschema import Draft202012Validator

        schema = {
            k: v for k, v in self._pipeline.params[name].items() if k not in ("default", "description", "required")
        }
        value = self._as_written(keys, value, schema)
        for error in Draft202012Validator(schema).iter_errors(value):
            allowed = json.dumps(error.validator_value)
            message = f"{_shown(value)} is no value for the param `{name}`"
            if error.validator != "type":  # of types it speaks as Python does
                message += f": {error.message}"
            self._source.at_value((*keys, *error.path), message, f"Its `{error.validator}` is {allowed}.", "bad-param")
        return value

    def _as_written(self, keys: Keys, value: Any, schema: Mapping[str, Any]) -> Any:
        """Text where the param is text, however it looks: plate 0512 stays 0512."""
        if isinstance(value, list) and schema.get("type") == "array":
            items = schema.get("items", {})
            return [self._as_written((*keys, index), item, items) for index, item in enumerate(value)]
        mark = self._source.mark(keys)
        return mark.text if schema.get("type") == "string" and mark.plain and value is not None else value

    def _only(self) -> dict[str, Any]:
        if "only" not in self._data:
            return {}
        given = self._data["only"]
        texts = given if isinstance(given, list) else [given]
        for index, text in enumerate(texts):
            if problem := self._unit_problem(text):
                keys: Keys = ("only", index) if isinstance(given, list) else ("only",)
                self._source.at_value(keys, problem, "Write `step:plate=P1/well=A*`.", "bad-units")
        return {"only": [str(text) for text in texts]}

    def _unit_problem(self, text: Any) -> str:
        """Why something names no units; empty if it does."""
        if isinstance(text, dict | list):
            return f"{_shown(text)} names no units"
        try:
            UnitPattern.parse(str(text), self._pipeline)
        except PlanningError as error:
            return str(error).partition(". ")[0]
        return ""

    def _compute(self) -> dict[str, Any]:
        if "compute" not in self._data:
            return {}
        pool = self._data["compute"]
        if pool not in self._pools:
            message = f"the connection has no queue for the pool {_shown(pool)}"
            self._source.at_value(("compute",), message, suggest(str(pool), self._pools, "pools"), "unknown-pool")
        return {"resources": {step.name: {"pool": pool} for step in self._pipeline.modules}}


def _shown(value: Any) -> str:
    """A value as the file has it, and not as Python does."""
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`" if len(text) <= LONGEST else f"`{text[:LONGEST]}...`"
