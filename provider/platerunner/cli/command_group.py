"""The command as a whole: it imports the one that is called, ends in a sentence, and completes in every shell."""

import contextlib
import errno
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Mapping, MutableMapping, Sequence
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from platerunner.cli.console import BAD_INPUT, err, fail

# Newer versions of typer have a click of their own.
CLICK_ERROR: type[BaseException] = next(
    each for each in typer.BadParameter.__mro__ if each.__name__ == "ClickException"
)
FAULT = 70
"""As sysexits.h calls a program's own fault."""
FULL = (errno.ENOSPC, errno.EDQUOT)
_REMEDIES = {
    **dict.fromkeys(FULL, ". Make room there, then run the command again."),
    errno.EROFS: ". Run the command in a folder that can be written.",
    errno.EACCES: ". Change its permissions, or run the command in a folder of your own.",
}
UNREAD = 141
"""Nobody reads on, as after `| head`: neither success nor failure; what a shell says of its own tools then."""


class Unloaded(TyperCommand):
    """A command before its module is imported: a name and a sentence for the list of commands."""

    def __init__(self, name: str, module: str, sentence: str, panel: str) -> None:
        super().__init__(name, help=sentence, rich_help_panel=panel)
        self.module = module

    def load(self) -> Any:
        """The command itself, or the group of that name."""
        name = f"{self.name}_" if iskeyword(str(self.name)) else str(self.name)
        found = getattr(import_module(self.module), name)
        if isinstance(found, typer.Typer):
            return get_group(found)
        alone = typer.Typer(add_completion=False)
        alone.command(self.name)(found)
        return get_command(alone)


class Sentences(TyperGroup):
    """Commands that are imported when they are called, and never end in a traceback."""

    rows: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """By name of a command: its module and its sentence."""
    panels: ClassVar[Mapping[str, str]] = {}
    """By name of a command: the heading above it in the list."""
    panel: ClassVar[str] = "Commands"
    """The heading of all others."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        for name, row in self.rows.items():
            self.add_command(Unloaded(name, *row, self.panels.get(name, self.panel)))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, imported now, with its words."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, Unloaded) else command, rest

    def main(self, *args: Any, **more: Any) -> Any:
        """Run the command line to its end."""
        try:
            try:
                return super().main(*args, **more)
            finally:
                sys.stdout.flush()  # the interpreter's own last flush would end in code 120
        except SystemExit as ended:
            if isinstance(ended.__context__, BrokenPipeError):
                ended.code = UNREAD
            raise
        except BrokenPipeError:
            _drop_output()
            sys.exit(UNREAD)
        except OSError as error:  # from what is printed before any command begins, or as the last of it
            code = _say(error)
            _drop_output()
            sys.exit(code)

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (CLICK_ERROR, typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except OSError as error:
            code = _say(error)
            if error.errno in FULL and error.filename is None:
                _drop_output()
            raise typer.Exit(code) from error
        except Exception as error:
            fail(_fault(error), FAULT)

    def _main_shell_completion(self, *args: Any, **more: Any) -> None:
        if os.environ.get("_PLATERUNNER_COMPLETE") != "complete_bash":
            super()._main_shell_completion(*args, **more)
            return
        kept = _join_words(os.environ)
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                super()._main_shell_completion(*args, **more)
        finally:
            sys.stdout.write("".join(f"{line.removeprefix(kept)}\n" for line in said.getvalue().splitlines()))


def _drop_output() -> None:
    """Let what nobody takes go nowhere: each further flush would fail as well."""
    if sys.__stdout__ is not None and sys.stdout is sys.__stdout__:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())


def _say(error: OSError) -> int:
    """Print a sentence about what the machine refused; returns the exit code."""
    place = f": {error.filename}" if error.filename else ""
    remedy = _REMEDIES.get(error.errno or 0, "")
    err.print(f"{error.strerror or error}{place}{remedy}", style="red", markup=False)
    return BAD_INPUT


def _fault(error: Exception) -> str:
    """A sentence about an unforeseen error, with its traceback in a file."""
    with tempfile.NamedTemporaryFile("w", prefix="platerunner-", suffix=".log", delete=False) as file:
        file.write("".join(traceback.format_exception(error)))
    said = str(error).strip().splitlines()
    what = f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
    return f"This should not happen ({what}). Please report it, with {Path(file.name)}."


def _join_words(environ: MutableMapping[str, str]) -> str:
    """Make one word again of what bash broke at ``=`` and ``:``; returns what bash keeps of the last one."""
    words, at = environ.get("COMP_WORDS", "").split("\n"), int(environ.get("COMP_CWORD") or 0)
    joined = _joined(words[: at + 1])
    environ["COMP_WORDS"], environ["COMP_CWORD"] = "\n".join(joined), str(len(joined) - 1)
    last = words[at] if at < len(words) and words[at] not in ("=", ":") else ""
    return joined[-1].removesuffix(last)


def _joined(words: Sequence[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        if found and (word[:1] in ("=", ":") or found[-1][-1:] in ("=", ":")):
            found[-1] += word
        else:
            found.append(word)
    return found
