"""The command ``platerunner-unit``."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn, Optional

from platerunner_unit import __version__


def main(argv: Optional[Sequence[str]] = None) -> NoReturn:
    """Run the command and end the process with its exit code.

    :param argv: arguments without the program's name; None for the process's own.
    """
    args = _parser().parse_args(argv)
    code = _judge(args) if args.command == "judge" else _run(args)
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that still wait for a dead connection must not hold back a verdict that is recorded already.
    os._exit(code)


def load() -> None:
    """Import what running a unit may need, so that processes forked from this one have it; nothing is begun."""
    from platerunner_unit import tools
    from platerunner_unit.log.detector import Detector
    from platerunner_unit.runner import run  # noqa: F401  (for its imports)

    for name in ("concurrent.futures.thread", "isal.isal_zlib", "ahocorasick_rs"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for name in tools.TOOLS:
        tools.get(name)
    Detector()


def load_telemetry(environ: Mapping[str, str]) -> None:
    """Import what a unit with a collector needs on top of :func:`load`; nothing is begun.

    :param environ: the unit's.
    """
    from platerunner_unit import telemetry

    telemetry.load(environ)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="platerunner-unit", description="Runs one unit of a step, and judges it.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run a unit: line AWS_BATCH_JOB_ARRAY_INDEX (0 without it) of a manifest")
    run.add_argument("manifest", help="<workspace>/_platerunner/runs/<run>/<step>/<n>")
    judge = commands.add_parser("judge", help="judge recorded runs; a JSON line each")
    judge.add_argument("folders", nargs="+", metavar="DIR")
    return parser


def _run(args: argparse.Namespace) -> int:
    from platerunner_unit.contract.category import CATEGORIES, Category
    from platerunner_unit.runner.run import run
    from platerunner_unit.tools.job import Settings, SettingsError

    try:
        settings = Settings.from_environ(os.environ)
    except SettingsError as error:
        print(f"platerunner: {error}", file=sys.stderr)
        return CATEGORIES[Category.MISCONFIGURED].exit_code
    return run(args.manifest, settings)


def _judge(args: argparse.Namespace) -> int:
    from platerunner_unit.runner import recorded

    return recorded.main(args.folders)


if __name__ == "__main__":
    main()
