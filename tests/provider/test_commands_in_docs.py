"""Every command that a page prints: the parser takes it, its files are there, and what needs no cloud runs."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.provider.test_docs import ALL, ROOT, relative
from typer.main import get_command
from typer.testing import CliRunner

from platerunner.catalog.loader import load_catalog
from platerunner.cli import app

LAB = ROOT / "provider/platerunner/lab_template"
PAGES = [page for page in (*ALL, *sorted(LAB.rglob("*.md*"))) if page.name != "CHANGELOG.md"]
BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```$|((?:^ {4}[^\n]*\n?)+)", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:platerunner|make) [^`\n]+)`")
END = re.compile(r"^(\||\|\||&&|;|>|>>|2>|<)")
CHECKED_OUT = ("dag_specs/", "docs/", "terraform/", "containers/", "benchmarks/", "tests/")
HARMLESS = ("validate", "graph", "modules", "schema")
"""Commands that only read files of the checkout."""


class Printed(NamedTuple):
    """A command as a page prints it.

    :param whole: whether it stands on a line of its own, to be copied.
    """

    words: tuple[str, ...]
    whole: bool


def printed(text: str) -> Iterator[Printed]:
    """The commands of a page."""
    for block in BLOCK.finditer(text):
        for line in "".join(part or "" for part in block.groups()).replace("\\\n", " ").splitlines():
            yield from _split(line.strip().removeprefix("$ "), whole=True)
    for found in INLINE.finditer(BLOCK.sub("", text)):
        yield from _split(found[1], whole=False)


def _split(line: str, *, whole: bool) -> Iterator[Printed]:
    if not re.search(r"(^|&& |; |\| )(platerunner|make) ", line) or "{{" in line:
        return
    try:
        words = shlex.split(re.sub(r"<[^<>]+>", "PLACE", line), comments=True)
    except ValueError:  # a sentence with an apostrophe
        return
    while words:
        at = next((at for at, word in enumerate(words) if END.match(word)), len(words))
        one, words = words[:at], words[at + 1 :]
        if one[:1] in (["platerunner"], ["make"]) and len(one) > 1:
            yield Printed(tuple(word for word in one if word not in ("...", "…")), whole)


def wrong(command: Printed) -> Iterator[str]:
    """What the parser, or a look at the files, has against a command."""
    told = " ".join(command.words)
    if command.words[0] == "make":
        words = [word for word in command.words[1:] if re.fullmatch(r"[a-z][a-z-]*", word)]
        yield from (f"{told}: no target {word}" for word in words[:1] if word not in targets())
        return
    group, rest, context = get_command(app), list(command.words[1:]), None
    while hasattr(group, "commands"):
        if not rest or rest[0].startswith("-"):
            return
        context = group.make_context(group.name, rest, parent=context)
        rest = [*context._protected_args, *context.args]
        try:
            _, found, rest = group.resolve_command(context, rest)
        except Exception as error:  # typer's groups have several kinds of usage errors
            yield f"{told}: {getattr(error, 'message', error)}"
            return
        group = found.load() if hasattr(found, "load") else found
    yield from (f"{told}: {sentence}" for sentence in _parsed(group, rest, context, whole=command.whole))
    for word in rest:
        if word.startswith(CHECKED_OUT) and not any(ROOT.glob(word)) and not re.search(r"[A-Z]{4}|own|my_|lab", word):
            yield f"{told}: no file {word}"


def _parsed(command: Any, words: list[str], parent: Any, *, whole: bool) -> Iterator[str]:
    context = command.context_class(command, info_name=command.name, parent=parent)
    try:
        values, left, _ = command.make_parser(context).parse_args(list(words))
    except Exception as error:  # typer's parsers have several kinds of usage errors
        if "requires an argument" not in str(error) or whole:
            yield str(getattr(error, "message", error))
        return
    if left:
        yield f"too many arguments: {left}"
    if whole:
        yield from (
            f"no {each.name}"
            for each in command.params
            if each.required and not values.get(each.name) and each.param_type_name == "argument"
        )


def targets() -> set[str]:
    """What both Makefiles can make."""
    texts = (ROOT / "Makefile").read_text() + next(LAB.rglob("Makefile*")).read_text()
    return set(re.findall(r"^([a-z][a-z-]*):", texts, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_the_parser_takes_every_command_of_a_page(page: Path) -> None:
    assert [fault for command in printed(page.read_text()) for fault in wrong(command)] == []


def test_wrong_commands_are_told_from_right_ones() -> None:
    page = """\
Say `platerunner plan --frist 3`, or `platerunner plna`, or `make tset`.

    platerunner plan dag_specs/gone.yaml --only well=A01 | head     # a comment
    platerunner plan
    platerunner validate dag_specs && platerunner modules a b

```bash
$ platerunner run \\
    dag_specs/demo.yaml --locale
```
"""
    faults = [fault for command in printed(page) for fault in wrong(command)]
    assert [fault.partition(": ")[2] for fault in faults] == [
        "no file dag_specs/gone.yaml",
        "no spec",
        "too many arguments: ['b']",
        "No such option: --locale",
        "No such option: --frist",
        "No such command 'plna'. Did you mean 'plan'?",
        "no target tset",
    ]


def runnable() -> list[tuple[str, ...]]:
    """Commands of all pages that only read, and only what the checkout has."""
    found = {command.words for page in PAGES for command in printed(page.read_text())}
    names = {*load_catalog(), "dag_specs"}
    return sorted(
        words
        for words in found
        if words[1] in HARMLESS
        and (len(words) > 2 or words[1] in ("modules", "schema"))
        and all(word.startswith("--") or word in names or word.startswith(CHECKED_OUT) for word in words[2:])
    )


@pytest.mark.parametrize("words", runnable(), ids=" ".join)
def test_what_needs_no_cloud_runs(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, words[1:])
    assert (done.exit_code, bool(done.stdout)) == (0, True), done.output
