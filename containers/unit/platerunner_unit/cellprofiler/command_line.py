"""What a CellProfiler command line asks for, read from the command as a shell would."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Optional

# cellprofiler/__main__.py 4.2.8, parse_args: options with a value, by their destination here.
_VALUES = {
    "-p": "pipeline", "--pipeline": "pipeline", "--project": "pipeline", "-o": "output", "--output-directory": "output",
    "-i": "images", "--image-directory": "images", "-f": "first", "--first-image-set": "first", "-l": "last",
    "--last-image-set": "last", "-g": "group", "--group": "group", "--plugins-directory": "plugins", "-d": "done_file",
    "--done-file": "done_file", "--print-groups": "listing", "--get-batch-commands": "listing",
    "--get-batch-commands-new": "listing", "--data-file": "data_file", "--file-list": "file_list", "-t": "temporary",
    "--temporary-directory": "temporary", "-L": "log_level", "--log-level": "log_level",
    "--images-per-batch": "per_batch",
    "--omero-credentials": "omero", "--conserve-memory": "conserve",
}  # fmt: skip
_LISTINGS = {"--measurements", "--version", "--help", "-h", "--write-schema-and-exit", "--code-statistics"}


@dataclass(frozen=True)
class CommandLine:
    """The options that the judge wants to know.

    :param options: destination to value.
    :param flags: options without a value, and listing options.
    """

    options: dict[str, str]
    flags: frozenset[str]

    @property
    def lists(self) -> bool:
        """Whether it asks CellProfiler to print something instead of working on images."""
        return "listing" in self.options or bool(self.flags & _LISTINGS)

    def number(self, name: str) -> Optional[int]:
        """An option's value if it is a whole number."""
        value = self.options.get(name, "")
        return int(value) if value.isdigit() else None


def parse(text: str) -> CommandLine:
    """Read a command, also one that a shell or another program was given as an argument.

    :param text: as a shell would take it; quoting that is broken is read word by word.
    """
    words = _words(text)
    options: dict[str, str] = {}
    flags: set[str] = set()
    position = 0
    while position < len(words):
        name, equals, value = (
            words[position].partition("=") if words[position].startswith("--") else (words[position], "", "")
        )
        target = _VALUES.get(name)
        if target is None:
            flags.add(name)
        elif equals:
            options[target] = value
        elif position + 1 < len(words):
            position += 1
            options[target] = words[position]
        position += 1
    return CommandLine(options, frozenset(flags))


def _words(text: str) -> list[str]:
    try:
        words = shlex.split(text, comments=False)
    except ValueError:
        words = text.split()
    # sh -c 'cellprofiler ...': what counts stands within one word.
    inner = [word for word in words if " " in word and "cellprofiler" in word]
    return _inner_words(inner[-1]) if inner else words[1:]


def _inner_words(text: str) -> list[str]:
    words = _words(text.rpartition("&&")[2] or text)
    return [word.rstrip(";") for word in words if word not in ("|", "2>&1")]
