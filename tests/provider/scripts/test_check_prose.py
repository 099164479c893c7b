"""What of a module is prose, and which turns of phrase are found; proselint itself is run by `make lint`."""

import importlib.util
import re
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"
SPEC = importlib.util.spec_from_file_location("check_prose", SCRIPTS / "check_prose.py")
prose = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(prose)

CODE = '''"""A module.

Two lines: `code` and ``more``.
"""

WORDS = "no prose"  # a comment
"""Of a constant."""


class Thing:
    # one before a docstring
    """A thing."""

    def act(self) -> str:
        """Act."""
        return """no prose, either"""
'''


def test_docstrings_and_comments_stand_at_their_lines_and_nothing_else_does():
    lines = prose.prose_of(CODE).splitlines()
    assert {number: line for number, line in enumerate(lines, 1) if line} == {
        1: "A module.",
        3: "Two lines: `x` and `x`.",
        6: "a comment",
        7: "Of a constant.",
        11: "one before a docstring",
        12: "A thing.",
        15: "Act.",
    }


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("It sleeps for ever.", "forever"),
        ("An exclusion that is of nothing is told.", "match nothing"),
        ("The process waits, for it is slow.", "because"),
        ("Here what gathers waits.", "a step that gathers"),
        ("Somebody who waits asks again.", "the caller"),
    ],
)
def test_a_stilted_phrase_is_found_with_what_to_write(text, remedy):
    [found] = prose._phrases({Path("docs/a.md"): f"# Title\n\n{text}\n"})
    assert found.startswith("docs/a.md:3: ")
    assert remedy in found


def test_each_phrase_has_a_remedy():
    lines = prose.PHRASES.read_text().splitlines()
    assert lines
    for line in lines:
        phrase, arrow, remedy = line.partition(" -> ")
        assert arrow, line
        assert remedy, line
        re.compile(phrase)


def test_the_names_of_wildcards_and_methods_are_no_prose():
    assert not list(prose._phrases({Path("a.py"): prose.prose_of('x = "for ever"  # `anew` is a name\n')}))
