"""Every call of AWS that the code makes, and the IAM actions that each role needs for them.   aws_calls.py > page.md

Read from the source: a method whose name is an operation of a service that somewhere gets a client, and the functions
of obstore that a storage uses. `aws_rights.py` has the actions that each takes.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import botocore.session
from aws_rights import (
    BESIDES,
    BY_AWS,
    LIBRARIES,
    NAMED_OTHERWISE,
    NEEDS_NOTHING,
    OBSTORE,
    ON_THE_HOST,
    PREFIXES,
)
from botocore import xform_name

ROOT = Path(__file__).parents[1]
PROVIDER, UNIT = "provider/platerunner", "containers/unit/platerunner_unit"
STORAGE = (f"{UNIT}/contract/storage.py", f"{UNIT}/contract/stores/turns.py")
DEPLOYING = f"{PROVIDER}/cli/mwaa"
ACCEPTING = f"{PROVIDER}/cli/acceptance"
OF_PEOPLE: Mapping[str, str] = {"deploy": DEPLOYING, "accept": ACCEPTING}
"""Command that a person runs with rights of their own, to its folder."""
EMBEDDED = f"{PROVIDER}/local"
_AIRFLOW = (PROVIDER, "plugins/platerunner_pages")
CODE_OF: Mapping[str, tuple[str, ...]] = {"mwaa": _AIRFLOW, "coordinator": _AIRFLOW, "job": (UNIT,)}
"""Role to the folders of what runs with it."""
STORAGES = frozenset({"storage", "workspace"})
"""Names of variables that hold a storage, without leading underscores."""


class Need(NamedTuple):
    """An action that a role needs.

    :param why: a place in the code, ``file:line``, or a page of AWS's.
    """

    action: str
    why: str


@cache
def needs_of(role: str) -> frozenset[Need]:
    """What a role needs, and what for.

    :param role: as its name ends, such as ``mwaa``; ``deploy`` or ``accept`` for who runs that command.
    """
    if role == "budget-machine":
        return frozenset(_with_besides(_machine()))
    by_host = set(_with_besides(_host())) if role == "coordinator" else set()
    if role in OF_PEOPLE:
        folder = [ROOT / OF_PEOPLE[role]]
        return frozenset(_with_besides(chain(_calls(folder), _stored(folder))))
    by_aws = {Need(action, page) for page, actions in BY_AWS.get(role, {}).items() for action in actions}
    files = [ROOT / folder for folder in CODE_OF.get(role, ())]
    return frozenset(by_aws | by_host | set(_with_besides(_calls(files))) | set(_with_besides(_stored(files))))


def roles() -> tuple[str, ...]:
    """Roles of an environment, as their names end."""
    aws = ("execution", "host", "budget-machine", "budget-pipe", "flow-log", "trail", "copy", "backup", "snapshots")
    return ("mwaa", "coordinator", "job", *aws)


@cache
def services() -> frozenset[str]:
    """Services for which the code makes a client."""
    found = set()
    for path in (ROOT / PROVIDER).rglob("*.py"):
        for node in ast.walk(_tree(path)):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if called and node.func.attr.endswith("client") and node.args and isinstance(node.args[0], ast.Constant):
                found.add(str(node.args[0].value))
    return frozenset(found)


@cache
def operations() -> Mapping[str, frozenset[str]]:
    """Methods of clients, with service and operation: ``submit_job`` is ``batch:SubmitJob``."""
    session = botocore.session.get_session()
    found: dict[str, frozenset[str]] = {}
    for service in sorted(services()):
        for operation in session.get_service_model(service).operation_names:
            method = xform_name(operation)
            found[method] = found.get(method, frozenset()) | {f"{service}:{operation}"}
    return found


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _sources(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            relative = path.relative_to(ROOT).as_posix()
            of_people = any(relative.startswith(each) and folder != ROOT / each for each in OF_PEOPLE.values())
            if not (of_people or relative.startswith(EMBEDDED)):
                yield path


def _calls(folders: list[Path]) -> Iterator[Need]:
    """Calls by boto3's clients, and by what Airflow's providers bring."""
    for path in _sources(folders):
        where = path.relative_to(ROOT).as_posix()
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Attribute | ast.Call):
                place = f"{where}:{node.lineno}"
                yield from (Need(action, place) for action in _actions(node, place))


def _actions(node: ast.Attribute | ast.Call, place: str) -> Iterator[str]:
    """What a piece of code asks of AWS."""
    if isinstance(node, ast.Attribute) and node.attr in operations() and _name(node.value) in {*services(), "client"}:
        yield _action(node.attr, node.value, place)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get_paginator":
        yield _action(ast.literal_eval(node.args[0]), node.func.value, place)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield from LIBRARIES.get(node.func.id, ())


def _name(node: ast.expr) -> str:
    """The name of a variable or an attribute, without leading underscores."""
    return ast.unparse(node).rpartition(".")[2].lstrip("_")


def _action(method: str, client: ast.expr, place: str) -> str:
    calls = operations()[method]
    # Where several services know a method, the client's name has to tell which is meant.
    named = {call for call in calls if call.partition(":")[0] == _name(client)}
    if len(calls) > 1 and not named:
        raise SystemExit(f"{place}: {method} is an operation of several services; name the client for its service")
    (call,) = named or calls
    service, _, operation = NAMED_OTHERWISE.get(call, call).partition(":")
    return f"{PREFIXES.get(service, service)}:{operation}"


@cache
def _storage_methods() -> Mapping[str, frozenset[str]]:
    """Methods of a storage, and the actions that their calls of obstore take."""
    trees = (_tree(ROOT / path) for path in STORAGE)
    functions = {
        each.name: ast.unparse(each) for each in chain(*map(ast.walk, trees)) if isinstance(each, ast.FunctionDef)
    }

    def asked(text: str) -> Iterator[str]:
        for name in re.findall(r"\bobstore\.([a-z_]+)\(", text):
            yield from OBSTORE[name]
        for name in re.findall(r"(?<![\w.])(\w+)\(", text.partition(":\n")[2]):
            yield from asked(functions.get(name, ""))

    return {name: frozenset(asked(text)) for name, text in functions.items()}


def _stored(folders: list[Path]) -> Iterator[Need]:
    """What storages are asked for."""
    for path in _sources(folders):
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                actions = _storage_methods().get(node.func.attr, ())
                for action in actions if actions and _name(node.func.value) in STORAGES else ():
                    yield Need(action, f"{path.relative_to(ROOT).as_posix()}:{node.lineno}")


def _machine() -> Iterator[Need]:
    """What the state machine of the budget does, by its definition."""
    place = "terraform/modules/budget/closing.tf"
    for number, line in enumerate((ROOT / place).read_text().splitlines(), 1):
        if found := re.search(r":states:::(?:aws-sdk:)?(?P<service>[a-z]+):(?P<operation>[A-Za-z]+)\"", line):
            operation = found["operation"][0].upper() + found["operation"][1:]
            yield Need(f"{found['service']}:{operation}", f"{place}:{number}")


def _host() -> Iterator[Need]:
    """What the scripts of a coordinator do, and the settings of its Airflow."""
    folder = "terraform/modules/coordinator/host"
    for path in sorted((ROOT / folder).iterdir()):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for words, actions in ON_THE_HOST.items():
                if words in line:
                    yield from (Need(action, f"{folder}/{path.name}:{number}") for action in actions)


def _with_besides(needs: Iterator[Need]) -> Iterator[Need]:
    for need in needs:
        if need.action not in NEEDS_NOTHING:
            yield need
            yield from (Need(other, need.why) for other in BESIDES.get(need.action, ()))


def page() -> str:
    """The reference page."""
    lines = [
        "# Permissions: what each role may do, and what needs it",
        "",
        "Made by `make docs` from the source: every call of AWS in it, and what AWS's own services do with our roles.",
        "A test compares it with the policies that Terraform makes: no action is missing, and none is there that",
        "nobody needs. Which resources and conditions limit each action is in the modules.",
        "",
        "Whether AWS evaluates conditions as the tests do, only an account can show: `platerunner doctor` makes all of",
        "the reads there, and a first run the rest.",
    ]
    for role in (*roles(), *OF_PEOPLE):
        title = f"`<name>-<region>-{role}`"
        if role in OF_PEOPLE:
            title = f"Who runs `platerunner {role}`"
            title += ", besides what `mwaa` and `platerunner run` take" if role == "accept" else ""
        pages = "".join(f" What AWS's own service does: <{page}>." for page in BY_AWS.get(role, ()))
        lines += ["", f"## {title}", "", *([pages.strip(), ""] if pages else []), "| action | needed by |", "|---|---|"]
        reasons: dict[str, set[str]] = {}
        for need in needs_of(role):
            reasons.setdefault(need.action, set()).add(_said(need.why))
        lines += [f"| `{action}` | {', '.join(sorted(why))} |" for action, why in sorted(reasons.items())]
    return "\n".join(lines) + "\n"


def _said(why: str) -> str:
    # The folder alone: by file and line the page would be stale after every change.
    return "AWS itself" if why.startswith("https:") else f"`{Path(why).parent.as_posix().removeprefix('provider/')}`"


if __name__ == "__main__":
    print(page(), end="")
