"""Problems for people, programs, GitHub's annotations and SARIF viewers."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from platerunner.documents.problems import Problem


def text(problems: Iterable[Problem]) -> str:
    """Each with its line and a caret."""
    return "\n".join(map(str, problems))


def as_json(problems: Iterable[Problem]) -> str:
    """A list of objects with ``path``, ``line``, ``column``, ``code``, ``severity``, ``message``, ``remedy``."""
    names = ("line", "column", "code", "severity", "message", "remedy")
    return json.dumps([{"path": str(p.path)} | {name: getattr(p, name) for name in names} for p in problems], indent=1)


def github(problems: Iterable[Problem]) -> str:
    """Workflow commands, which GitHub shows at the line (docs.github.com, "Workflow commands", ``error``)."""
    return "\n".join(
        f"::{p.severity} file={_property(str(p.path))},line={p.line},col={p.column},title={_property(p.code)}::"
        f"{_data(f'{p.message}. {p.remedy}')}"
        for p in problems
    )


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def sarif(problems: Iterable[Problem]) -> str:
    """SARIF 2.1.0 (OASIS standard), for code scanning."""
    found = list(problems)
    driver = {
        "name": "platerunner",
        "rules": [{"id": code} for code in sorted({problem.code for problem in found})],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem) for problem in found],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=1)


def _result(problem: Problem) -> dict[str, Any]:
    region = {"startLine": problem.line, "startColumn": problem.column}
    place = {"artifactLocation": {"uri": quote(problem.path.as_posix())}, "region": region}
    message = {"text": f"{problem.message}. {problem.remedy}"}
    return {
        "ruleId": problem.code,
        "level": problem.severity,
        "message": message,
        "locations": [{"physicalLocation": place}],
    }


FORMATS: Mapping[str, Callable[[Iterable[Problem]], str]] = {
    "text": text,
    "json": as_json,
    "github": github,
    "sarif": sarif,
}
"""The formats by name, for a command's ``--format``."""
