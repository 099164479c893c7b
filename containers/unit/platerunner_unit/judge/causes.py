"""From the lines that the detector kept to one cause: what happened, where in the run, on which image set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Optional

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import LogMatch
from platerunner_unit.contract.words import shorten
from platerunner_unit.judge.facts import Facts
from platerunner_unit.log.causes import CAUSES, LAST_RESORT
from platerunner_unit.log.line_rules import LineRule
from platerunner_unit.log.marks import MARKS
from platerunner_unit.log.rules import BY_NAME

# A Java exception stands before the mark that it leads to, a Python traceback after it.
LINES_BEFORE, LINES_AFTER = 60, 300
# A frame has two lines, a third in newer Pythons; some exceptions go on for a few lines after their first.
LINES_OF_FRAME, LINES_OF_MESSAGE = 3, 5
_MARKS = {rule.name for rule in MARKS if rule.clause}


@dataclass(frozen=True)
class FrameRule:
    """What an exception means that no cause names, by the functions that its traceback went through.

    :param name: of the rule.
    :param functions: any of these.
    :param learnt_from: a traceback that was really seen, outermost function first.
    """

    name: str
    functions: tuple[str, ...]
    category: Category
    clause: str
    learnt_from: str


# What an exception after a mark means by its traceback; without a match the mark's own category holds.
MARKED_FRAME_RULES: tuple[FrameRule, ...] = (
    FrameRule(
        "read_failed", ("__set_image", "get_image_reader"), Category.INPUT_UNREADABLE,
        "an image could not be read ({line})",
        "run>get_image>provide_image>__set_image>read",
    ),
)  # fmt: skip
FRAME_RULES: tuple[FrameRule, ...] = (
    FrameRule(
        "pipeline_unread",
        ("validate_pipeline_file", "parse_pipeline", "loadtxt", "load", "setup_modules", "setup_module",
         "instantiate_module",
         "load_measurements", "load_pipeline", "from_dict"),
        Category.PIPELINE_INVALID, "the pipeline file could not be read ({line})",
        "main>run_pipeline_headless>load>loadtxt>__loads>parse_pipeline>validate_pipeline_file",
    ),
    FrameRule(
        "options", ("set_log_level", "parse_args", "set_omero_credentials_from_string"),
        Category.MISCONFIGURED, "its command line is wrong ({line})", "main>set_log_level",
    ),
    FrameRule(
        "java_start", ("start_java", "start_vm", "find_javahome"), Category.MISCONFIGURED,
        "Java could not be started ({line})",
        "main>start_java>start_vm",
    ),
    FrameRule(
        "installation", ("<module>",), Category.MISCONFIGURED, "the installation is not whole ({line})", "<module>",
    ),
)  # fmt: skip


class Cause(NamedTuple):
    """What went wrong.

    :param category: its word.
    :param clause: what happened.
    :param place: where, e.g. ``LoadData failed on image set 5 (well A02, site 2)``; empty if it is not known.
    :param line: the decisive line.
    :param rule: the rule that found it.
    :param hint: what to do about it; empty leaves that to the rule's name.
    """

    category: Category
    clause: str
    place: str
    line: str
    rule: str
    hint: str = ""


def find(facts: Facts, only: Optional[set[Category]] = None) -> Optional[Cause]:
    """The most telling cause in the log; None if there is none.

    :param facts: of the run.
    :param only: look for these categories alone.
    """
    marks = [match for match in facts.evidence.matches if match.rule in _MARKS]
    scenes = [_scene(facts, mark) for mark in marks] or ([] if only else _uncaught(facts))
    for rule in CAUSES:
        if (only is None or rule.category in only) and rule.tool in ("", facts.evidence.tool):
            for match in facts.evidence.matches:
                if match.rule == rule.name and (not scenes or rule.veto or any(s.has(match) for s in scenes)):
                    return _cause(facts, rule, match, _mark_of(scenes, match))
    if only is not None:
        return None
    return next(_by_mark(facts, marks), None) or next(_last_resort(facts), None) or next(_by_frames(facts), None)


class _Scene(NamedTuple):
    """Where in the log a cause may stand: with the traceback, and nowhere else if the traceback tells it.

    :param mark: that the traceback belongs to; None if it ended the process.
    :param first: line where it begins.
    :param last: line where it ends.
    """

    mark: Optional[LogMatch]
    first: int
    last: int

    def has(self, match: LogMatch) -> bool:
        return self.first <= match.number <= self.last

    def distance(self, match: LogMatch) -> int:
        return abs(match.number - (self.mark.number if self.mark else self.last))


def _scene(facts: Facts, mark: LogMatch) -> _Scene:
    exception = _exception_after(facts, mark)
    if exception is None:
        return _Scene(mark, mark.number - LINES_BEFORE, mark.number + LINES_AFTER)
    return _Scene(mark, mark.number - _lines_before(exception), exception.number + LINES_OF_MESSAGE)


def _uncaught(facts: Facts) -> list[_Scene]:
    """The traceback that ended the process, which no mark announces."""
    exceptions = [m for m in facts.evidence.matches if m.rule == "exception" and not _harmless(m)]
    if not exceptions:
        return []
    last = exceptions[-1]
    began = last.number - len(last.functions) * LINES_OF_FRAME
    chained = [m.number for m in exceptions if m.number >= began - LINES_OF_FRAME]
    return [_Scene(None, min([began, *chained]) - _lines_before(last), last.number + LINES_OF_MESSAGE)]


def _lines_before(exception: LogMatch) -> int:
    """How far above a traceback its cause may stand: where Java wrote it, or the exception itself says so."""
    return LINES_BEFORE if any(word in exception.line for word in ("java", "Java", "see log")) else 0


def _mark_of(scenes: list[_Scene], match: LogMatch) -> Optional[LogMatch]:
    """The mark that a line belongs to: that of its image set, else the nearest."""
    near = [scene for scene in scenes if scene.mark is not None and scene.has(match)]
    best = min(
        near,
        key=lambda s: (s.mark is not None and s.mark.image_set != match.image_set, s.distance(match)),
        default=None,
    )
    return None if best is None else best.mark


def _cause(facts: Facts, rule: LineRule, match: LogMatch, mark: Optional[LogMatch]) -> Cause:
    assert rule.category is not None
    told = _plugin_reason(facts, match) if rule.name == "module_unknown" else None
    return told or Cause(rule.category, fill(rule, match.line), place(facts, mark), match.line, rule.name, rule.hint)


def _plugin_reason(facts: Facts, match: LogMatch) -> Optional[Cause]:
    """Why a module is unknown whose plugin is there: CellProfiler said so when it began, and went on without it."""
    found = BY_NAME["module_unknown"].search(match.line)
    module = found["module"] if found else ""
    for mark in (m for m in facts.evidence.matches if m.rule == "plugin_import"):
        told = BY_NAME["plugin_import"].search(mark.line)
        exception = _exception_after(facts, mark)
        if told and exception and (told["module"] or "").lower() == module.lower():
            missing = re.match(r"ModuleNotFoundError: No module named '([\w.]+)'", exception.line)
            hint = PACKAGE_HINT.format(package=missing[1]) if missing else PLUGIN_HINT
            clause = f"the plugin {module} could not be imported: {short(exception.line)}"
            return Cause(Category.PLUGIN_MISSING, clause, "", exception.line, "plugin_import", hint)
    return None


PACKAGE_HINT = (
    "Use an image that has the Python package `{package}`, or put its module into `with: plugins` beside the plugin."
)
PLUGIN_HINT = "Fix the plugin: CellProfiler cannot import it. `with: plugins` is the folder that it comes from."


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
    return shorten(line.strip(" \t,").rstrip("."), 200)


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
            told = next((f for f in MARKED_FRAME_RULES if set(f.functions) & set(exception.functions)), None)
            category = told.category if told else rule.category or Category.TOOL_ERROR
            name = told.name if told else rule.name
            clause = told.clause.format(line=short(exception.line)) if told else short(exception.line)
            yield Cause(category, clause, place(facts, mark), exception.line, name)


def _last_resort(facts: Facts) -> Iterator[Cause]:
    for rule in LAST_RESORT:
        for match in facts.evidence.matches:
            if match.rule == rule.name:
                yield _cause(facts, rule, match, None)


def _exception_after(facts: Facts, mark: LogMatch) -> Optional[LogMatch]:
    """The last exception of the chain that follows a mark."""
    matches = facts.evidence.matches
    later = [m.number for m in matches if m.number > mark.number and m.rule in (*_MARKS, "plugin_import")]
    end = min(later, default=mark.number + LINES_AFTER)
    chain = [m for m in matches if m.rule == "exception" and mark.number < m.number <= end]
    if mark.image_set is not None:
        chain = [m for m in chain if m.image_set == mark.image_set] or chain
    return chain[-1] if chain else None


def _by_frames(facts: Facts) -> Iterator[Cause]:
    """An exception that ended the process: it is the last of the log, and nothing marked it."""
    exceptions = [m for m in facts.evidence.matches if m.rule == "exception" and not _harmless(m)]
    for match in reversed(exceptions):
        functions = set(match.functions)
        for rule in FRAME_RULES if facts.evidence.tool == "cellprofiler" else ():
            if functions & set(rule.functions) - ({"<module>"} if "main" in functions else set()):
                yield Cause(rule.category, rule.clause.format(line=short(match.line)), "", match.line, rule.name)
        yield Cause(Category.TOOL_ERROR, short(match.line), "", match.line, "exception")


def _harmless(match: LogMatch) -> bool:
    """The import-time traceback that every installation without mysqlclient prints, successful runs included."""
    return "No module named 'MySQLdb'" in match.line
