"""From the lines that the detector kept to one cause: what happened, where in the run, on which image set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Optional

from platerunner_unit.category import Category
from platerunner_unit.evidence import LogMatch
from platerunner_unit.facts import Facts
from platerunner_unit.line_rule import LineRule
from platerunner_unit.log_causes import CAUSES, LAST_RESORT
from platerunner_unit.log_marks import MARKS
from platerunner_unit.log_rules import BY_NAME

# A Java exception stands before the mark that it leads to, a Python traceback after it.
LINES_BEFORE, LINES_AFTER = 60, 300
_MARKS = {rule.name for rule in MARKS if rule.clause}


@dataclass(frozen=True)
class FrameRule:
    """What an exception means that no cause names, by the functions that its traceback went through.

    :param functions: any of these.
    :param learnt_from: a traceback that was really seen, outermost function first.
    """

    functions: tuple[str, ...]
    category: Category
    clause: str
    learnt_from: str


# What an exception after a mark means by its traceback; without a match the mark's own category holds.
MARKED_FRAME_RULES: tuple[FrameRule, ...] = (
    FrameRule(
        ("__set_image", "get_image_reader"), Category.INPUT_UNREADABLE, "an image could not be read ({line})",
        "run>get_image>provide_image>__set_image>read",
    ),
)  # fmt: skip
FRAME_RULES: tuple[FrameRule, ...] = (
    FrameRule(
        ("validate_pipeline_file", "parse_pipeline", "loadtxt", "load", "setup_modules", "setup_module",
         "instantiate_module",
         "load_measurements", "load_pipeline", "from_dict"),
        Category.PIPELINE_INVALID, "the pipeline file could not be read ({line})",
        "main>run_pipeline_headless>load>loadtxt>__loads>parse_pipeline>validate_pipeline_file",
    ),
    FrameRule(
        ("set_log_level", "parse_args", "set_omero_credentials_from_string"),
        Category.MISCONFIGURED, "its command line is wrong ({line})", "main>set_log_level",
    ),
    FrameRule(
        ("start_java", "start_vm", "find_javahome"), Category.MISCONFIGURED, "Java could not be started ({line})",
        "main>start_java>start_vm",
    ),
    FrameRule(("<module>",), Category.MISCONFIGURED, "the installation is not whole ({line})", "<module>"),
)  # fmt: skip


class Cause(NamedTuple):
    """What went wrong.

    :param category: its word.
    :param clause: what happened.
    :param place: where, e.g. ``LoadData failed on image set 5 (well A02, site 2)``; empty if it is not known.
    :param line: the decisive line.
    :param rule: the rule that found it.
    """

    category: Category
    clause: str
    place: str
    line: str
    rule: str


def find(facts: Facts, only: Optional[set[Category]] = None) -> Optional[Cause]:
    """The most telling cause in the log; None if there is none.

    :param facts: of the run.
    :param only: look for these categories alone.
    """
    marks = [match for match in facts.evidence.matches if match.rule in _MARKS]
    for rule in CAUSES:
        if only is None or rule.category in only:
            for match in facts.evidence.matches:
                if match.rule == rule.name and (not marks or rule.veto or any(_near(mark, match) for mark in marks)):
                    return _cause(facts, rule, match, _mark_of(marks, match))
    if only is not None:
        return None
    return next(_by_mark(facts, marks), None) or next(_last_resort(facts), None) or next(_by_frames(facts), None)


def _near(mark: LogMatch, match: LogMatch) -> bool:
    if mark.image_set is not None and mark.image_set == match.image_set:
        return True
    return mark.number - LINES_BEFORE <= match.number <= mark.number + LINES_AFTER


def _mark_of(marks: list[LogMatch], match: LogMatch) -> Optional[LogMatch]:
    """The mark that a line belongs to: the last one before it in its image set, else the nearest."""
    near = [mark for mark in marks if _near(mark, match)]
    return min(
        near, key=lambda mark: (mark.image_set != match.image_set, abs(match.number - mark.number)), default=None
    )


def _cause(facts: Facts, rule: LineRule, match: LogMatch, mark: Optional[LogMatch]) -> Cause:
    assert rule.category is not None
    return Cause(rule.category, fill(rule, match.line), place(facts, mark), match.line, rule.name)


def fill(rule: LineRule, line: str) -> str:
    """A rule's clause with the groups of its pattern, and ``{line}`` for the line's telling part."""
    found = rule.search(line)
    groups = {key: value or "none" for key, value in (found.groupdict() if found else {}).items() if value is not None}
    text = short(line)
    values = {"line": text, "path": groups.get("path2") or groups.get("path3") or text, **groups}
    return _Default(values).fill(rule.clause)


class _Default(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return f"of unknown {key}"

    def fill(self, clause: str) -> str:
        return clause.format_map(self)


def short(line: str) -> str:
    """A line as it fits into a sentence: without log prefix and trailing full stop, at most 200 characters."""
    text = line.strip(" \t,").rstrip(".")
    return text if len(text) <= 200 else text[:197] + "..."


def place(facts: Facts, mark: Optional[LogMatch]) -> str:
    """Where in the run a mark stands, as a clause; empty without a mark."""
    if mark is None:
        return ""
    where = fill(BY_NAME[mark.rule], mark.line)
    return f"{where} on {facts.label(mark.image_set)}" if mark.image_set is not None else where


def _by_mark(facts: Facts, marks: list[LogMatch]) -> Iterator[Cause]:
    """A mark that no cause explains: the exception after it is all that is known."""
    for rule in MARKS:
        for mark in (m for m in marks if m.rule == rule.name and rule.veto):
            exception = _exception_after(facts, mark)
            if exception is None:
                yield Cause(
                    rule.category or Category.TOOL_ERROR, "no more is said", place(facts, mark), mark.line, rule.name
                )
                continue
            told = next((f for f in MARKED_FRAME_RULES if set(f.functions) & set(exception.frames.split(">"))), None)
            category = told.category if told else rule.category or Category.TOOL_ERROR
            clause = told.clause.format(line=short(exception.line)) if told else short(exception.line)
            yield Cause(category, clause, place(facts, mark), exception.line, rule.name)


def _last_resort(facts: Facts) -> Iterator[Cause]:
    for rule in LAST_RESORT:
        for match in facts.evidence.matches:
            if match.rule == rule.name:
                yield _cause(facts, rule, match, None)


def _exception_after(facts: Facts, mark: LogMatch) -> Optional[LogMatch]:
    """The last exception of the chain that follows a mark."""
    matches = facts.evidence.matches
    later = [m.number for m in matches if m.number > mark.number and m.rule in _MARKS]
    end = min(later, default=mark.number + LINES_AFTER)
    chain = [m for m in matches if m.rule == "exception" and mark.number < m.number <= end]
    if mark.image_set is not None:
        chain = [m for m in chain if m.image_set == mark.image_set] or chain
    return chain[-1] if chain else None


def _by_frames(facts: Facts) -> Iterator[Cause]:
    """An exception that ended the process: it is the last of the log, and nothing marked it."""
    exceptions = [m for m in facts.evidence.matches if m.rule == "exception" and not _harmless(m)]
    for match in reversed(exceptions):
        functions = set(match.frames.split(">"))
        for rule in FRAME_RULES:
            if functions & set(rule.functions) - ({"<module>"} if "main" in functions else set()):
                yield Cause(rule.category, rule.clause.format(line=short(match.line)), "", match.line, "exception")
        yield Cause(Category.TOOL_ERROR, short(match.line), "", match.line, "exception")


def _harmless(match: LogMatch) -> bool:
    """The import-time traceback that every installation without mysqlclient prints, successful runs included."""
    return "No module named 'MySQLdb'" in match.line
