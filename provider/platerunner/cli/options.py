"""Options that several commands share, and how their texts become values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from platerunner.cli.console import fail
from platerunner.engine.planning.context import RunOptions
from platerunner.engine.planning.errors import PlanningError
from platerunner.spec.model import Pipeline

SpecArgument = Annotated[Path, typer.Argument(help="The pipeline's YAML file.", exists=True, dir_okay=False)]
DataRoot = Annotated[
    str | None,
    typer.Option(
        "--data-root",
        help="Where raw images are: a folder or s3://; `data_root` in the spec.",
        show_default="the connection's, else this folder",
    ),
]
WorkspaceRoot = Annotated[
    str | None,
    typer.Option(
        "--workspace-root",
        help="Where results go: a folder or s3://; `workspace_root` in the spec.",
        show_default="the connection's, else results",
    ),
]
Params = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        "-P",
        help="A param as name=value; the value is read as YAML.",
        metavar="K=V",
        show_default="the spec's",
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option(help="Run only these units, e.g. `plate=P1/well=A*`, or `measure:plate=P1`.", metavar="UNITS"),
]
Rerun = Annotated[
    list[str] | None,
    typer.Option(help="Run these units although they are done, e.g. `measure` or `measure:well=A01`.", metavar="UNITS"),
]
AcceptFailed = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-failed",
        help="Let --only leave out these units although they failed earlier, e.g. `well=A02`; else their step fails.",
        metavar="UNITS",
    ),
]
Local = Annotated[bool, typer.Option("--local", help="On the embedded cloud, on this machine.")]


def parse_params(texts: Sequence[str], declared: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Params as given on the command line, on top of the spec's defaults.

    :param texts: ``name=value``; the value is YAML where the param is not a string.
    :param declared: the spec's params, JSON Schema each.
    """
    values = {name: schema.get("default") for name, schema in declared.items()}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            fail(f"--param {text}: write name=value")
        if name not in declared:
            fail(f"--param {name}: the spec declares no such param; it has {', '.join(declared) or 'none'}")
        values[name] = value if declared[name].get("type") == "string" else _read(name, value)
        _check(name, values[name], declared[name])
    given = {text.partition("=")[0] for text in texts}
    if lacking := [name for name, schema in declared.items() if schema.get("required") and name not in given]:
        fail(f"the spec asks for {', '.join(f'`{name}`' for name in lacking)}: give --param {lacking[0]}=VALUE")
    return values


def _read(name: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        fail(f"--param {name}: `{text}` is no value in YAML; write it like `{name}=0.2` or `{name}=[A01, A02]`")


def _check(name: str, value: Any, schema: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator  # slow to import, and defaults were checked with the spec

    rules = {key: value for key, value in schema.items() if key != "required"}
    for error in Draft202012Validator(rules).iter_errors(value):
        fail(f"--param {name}: {error.message}")


def parse_options(
    pipeline: Pipeline, only: list[str] | None, rerun: list[str] | None, accept_failed: list[str] | None = None
) -> RunOptions:
    """What a person asks of one run; ends the command with one sentence if the pipeline has no such units."""
    if accept_failed and not only:
        fail("--accept-failed: only a run with --only leaves units out; name there what is to run")
    try:
        return RunOptions.of({"only": only, "rerun": rerun, "accept_failed": accept_failed}, pipeline)
    except PlanningError as error:
        fail(f"--{str(error).replace('accept_failed', 'accept-failed', 1)}")


def with_roots(connection: Mapping[str, Any], data_root: str | None, workspace_root: str | None) -> dict[str, Any]:
    """A connection's extras with the roots of the command line, as URLs or absolute folders, since jobs run elsewhere.

    :param data_root: as given; None for the connection's, else this folder.
    :param workspace_root: as given; None for the connection's, else ``results``.
    """
    data = data_root or connection.get("data_root") or "."
    workspace = workspace_root or connection.get("workspace_root") or "results"
    return {**connection, "data_root": _absolute(data), "workspace_root": _absolute(workspace)}


def _absolute(root: str) -> str:
    return root.rstrip("/") if "://" in root else str(Path(root).expanduser().absolute())
