"""The command as a whole: whatever goes wrong in it ends in a sentence, and its words complete in every shell."""

import contextlib
import errno
import io
import os
import sys
import tempfile
import traceback
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from platerunner.cli.console import BAD_INPUT, err, fail

# Newer versions of typer have a click of their own.
CLICK_ERROR: type[BaseException] = next(
    each for each in typer.BadParameter.__mro__ if each.__name__ == "ClickException"
)
FAULT = 70
"""As sysexits.h calls a program's own fault."""
FULL = (errno.ENOSPC, errno.EDQUOT)
UNREAD = 141
"""Nobody reads on, as after `| head`: neither success nor failure; what a shell says of its own tools then."""


class Sentences(TyperGroup):
    """Commands that never end in a traceback."""

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
    remedy = ". Make room there, then run the command again." if error.errno in FULL else ""
    err.print(f"{error.strerror or error}{place}{remedy}", style="red", markup=False)
    return BAD_INPUT


def _fault(error: Exception) -> str:
    """A sentence about what nobody has foreseen, with its traceback in a file."""
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
