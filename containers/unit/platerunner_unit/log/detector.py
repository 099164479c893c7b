"""Reads a tool's output as it comes and keeps what the judge needs: telling lines, exceptions, image sets, times.

A substring prefilter finds the few lines worth a regular expression. Any bytes may come, split anywhere; what is kept
is bounded.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional

from platerunner_unit.contract.evidence import LogMatch
from platerunner_unit.log.line_rules import LineRule, make_finder
from platerunner_unit.log.rules import LINE_RULES

MAX_LINE = 2000
MAX_CARRY = 1 << 20
MAX_SETS = 1_000_000
MAX_MODULES = 10_000
TAIL_BYTES = 1 << 16
# "Sat Nov 21 09:33:47 2026: Image # 1, module LoadData # 1: CPU_time = 0.59 secs, Wall_time = 0.39 secs"
PROGRESS = re.compile(
    rb"Image # (\d{1,9}), module (\w{1,100}) # (\d{1,4}): CPU_time = (\d{1,9}\.\d\d) secs, "
    rb"Wall_time = (\d{1,9}\.\d\d) secs"
)
# The same with module and number in one group: one object less per line.
_COLUMNS = re.compile(PROGRESS.pattern.replace(rb") # (", rb" # "))
_GROUPS = _COLUMNS.groups + 1
_TRACEBACK = b"Traceback (most recent call last)"
_FRAME = re.compile(r'^\s+File ".*", line \d+, in (\S+)')


@dataclass
class ModuleTime:
    """Sums over image sets, in seconds."""

    runs: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0


class _Kept:
    """The first and the last few matches of one rule."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.first: list[LogMatch] = []
        self.last: deque[LogMatch] = deque(maxlen=limit)

    def add(self, match: LogMatch) -> None:
        (self.first if len(self.first) < self.limit else self.last).append(match)

    def set_image_set(self, number: int, image_set: int) -> None:
        for kept in (self.first, self.last):
            for i, match in enumerate(kept):
                if match.number == number:
                    kept[i] = replace(match, image_set=image_set)


class Detector:
    """Fed with a tool's output, chunk by chunk; read when it has ended, or in between.

    :param rules: what to look for.
    :param keep: how many first, and how many last, matches of each rule are kept.
    """

    def __init__(self, rules: Sequence[LineRule] = LINE_RULES, keep: int = 20) -> None:
        pairs = [(literal.encode(), rule) for rule in rules for literal in rule.texts]
        self._owners: list[Optional[LineRule]] = [None] + [rule for _, rule in pairs]
        self._order = {rule.name: i for i, rule in enumerate(rules)}
        self._find = make_finder([_TRACEBACK] + [literal for literal, _ in pairs])
        self._kept: dict[str, _Kept] = {}
        self._keep = keep
        self._carry = b""
        self._recent = b""
        self._trace: Optional[list[str]] = None
        self._pending: list[LogMatch] = []
        self._reached: dict[bytes, bytes] = {}
        self._times: dict[bytes, list[float]] = {}
        self._failed: set[int] = set()
        self.lines = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the output, split anywhere."""
        data = self._carry + chunk if self._carry else chunk
        end = data.rfind(b"\n") + 1
        if end == 0 and len(data) > MAX_CARRY:
            end = len(data)  # a line without end is looked at in pieces
        self._carry = data[end:]
        if end:
            self._block(data[:end])

    def close(self) -> None:
        """Take what came after the last newline as a line too."""
        if self._carry:
            self._block(self._carry)
            self._carry = b""

    @property
    def matches(self) -> tuple[LogMatch, ...]:
        """The lines recognised, in the order of the output; of each rule the first and the last few."""
        found = [match for kept in self._kept.values() for match in (*kept.first, *kept.last)]
        return tuple(sorted(found, key=lambda match: match.number))

    @property
    def sets_started(self) -> tuple[int, ...]:
        """Image sets that any module has worked on."""
        return tuple(sorted(self.progress))

    @property
    def progress(self) -> dict[int, int]:
        """Image set to the number of the module that ended on it last."""
        return {int(image_set): _numbered(module)[1] for image_set, module in self._reached.items()}

    @property
    def modules(self) -> dict[tuple[str, int], ModuleTime]:
        """Name and number of each module that ended on an image set, and the sums of its times."""
        return {_numbered(name): ModuleTime(int(runs), cpu, wall) for name, (runs, cpu, wall) in self._times.items()}

    @property
    def modules_seen(self) -> tuple[tuple[str, int], ...]:
        """Names and numbers of the modules that ended on any image set, in the pipeline's order."""
        return tuple(sorted(self.modules, key=lambda key: (key[1], key[0])))

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines of the output, at most 50."""
        lines = (self._recent + self._carry)[-TAIL_BYTES:].splitlines()
        return tuple(_text(line) for line in lines[-50:])

    def sets_finished(self, last_module: Optional[int] = None) -> tuple[int, ...]:
        """Image sets that reached a module, and on which no module failed.

        :param last_module: number of the last enabled module; None takes the highest that any image set reached.
        """
        progress = self.progress
        if last_module is None:
            last_module = max(progress.values(), default=0)
        return tuple(sorted(n for n, reached in progress.items() if reached >= last_module and n not in self._failed))

    def _block(self, block: bytes) -> None:
        # Most lines of a quiet run are progress lines; what they leave of the block is short and quick to search.
        parts = _COLUMNS.split(block) if b"Image # " in block else [block]
        if self._trace is not None or self._find(b"".join(parts[::_GROUPS]) if len(parts) > 1 else block):
            self._read_lines(block, self._hits(block))
        elif len(parts) > 1:
            self._count(parts)
        self.lines += block.count(b"\n")
        self._recent = (self._recent + block[-TAIL_BYTES:])[-TAIL_BYTES:]

    def _hits(self, block: bytes) -> dict[int, list[LineRule]]:
        """Start of a line to the rules that want to see it; a traceback's first line has an empty list."""
        hits: dict[int, list[LineRule]] = {}
        for index, position in self._find(block):
            start = block.rfind(b"\n", 0, position) + 1
            rule = self._owners[index]
            if rule is not None:
                rules = hits.setdefault(start, [])
                if rule not in rules:
                    rules.append(rule)
            elif not block[start:position].strip():
                hits.setdefault(start, [])
        return hits

    def _read_lines(self, block: bytes, hits: dict[int, list[LineRule]]) -> None:
        """Walk through a block that has telling lines, in order, so that each is seen between its neighbours."""
        walk = sorted(hits, reverse=True)
        position, number, seen = 0, self.lines + 1, -1
        if self._trace is not None:
            walk.append(0)
        while walk:
            start = walk.pop()
            if start <= seen:
                continue
            seen = start
            self._quiet(block[position:start])
            number += block.count(b"\n", position, start)
            end = block.find(b"\n", start) + 1 or len(block)
            self._line(block[start:end], number, hits.get(start, []))
            position = start
            if self._trace is not None and end < len(block):
                walk.append(end)
        self._quiet(block[position:])

    def _quiet(self, text: bytes) -> None:
        if b"Image # " in text:
            parts = _COLUMNS.split(text)
            if len(parts) > 1:
                self._count(parts)

    def _line(self, raw: bytes, number: int, rules: Sequence[LineRule]) -> None:
        line, frames = _text(raw), ""
        if self._trace is not None:
            inside = not line.strip() or line[0].isspace()
            frame = _FRAME.match(line)
            if frame and len(self._trace) < 100:
                self._trace.append(frame.group(1))
            if inside:
                rules = [rule for rule in rules if rule.in_source]
            else:
                frames, self._trace = ">".join(self._trace), None
                if not line.lstrip().startswith(_TRACEBACK.decode()):
                    self._keep_match("exception", line, number, frames)
        if line.lstrip().startswith(_TRACEBACK.decode()):
            self._trace = []
        for rule in sorted(rules, key=lambda rule: self._order[rule.name]):
            if _wanted(rule, raw, line, frames):
                self._keep_match(rule.name, line, number, frames)

    def _keep_match(self, rule: str, line: str, number: int, frames: str) -> None:
        match = LogMatch(rule, line, number, frames=frames)
        self._kept.setdefault(rule, _Kept(self._keep)).add(match)
        if len(self._pending) < 100:
            self._pending.append(match)

    def _count(self, parts: list[bytes]) -> None:
        """Add up progress lines, column by column: in a quiet run there is hardly anything else to do.

        :param parts: text, then the groups of a progress line, then text, and so on.
        """
        sets, modules, cpu, wall = (parts[i::_GROUPS] for i in range(1, _GROUPS))
        if self._pending:
            self._settle(int(sets[0]), modules[0])
        if len(self._reached) < MAX_SETS:
            self._reached.update(zip(sets, modules))  # noqa: B905 (Python 3.9 has no strict)
        for (module, cpu_s, wall_s), runs in Counter(zip(modules, cpu, wall)).items():  # noqa: B905
            time = self._times.get(module)
            if time is None:
                time = [0.0, 0.0, 0.0]
                if len(self._times) < MAX_MODULES:
                    self._times[module] = time
            time[0] += runs
            time[1] += runs * float(cpu_s)
            time[2] += runs * float(wall_s)

    def _settle(self, image_set: int, module: bytes) -> None:
        """A module's own progress line follows what it complained of: now the image set is known."""
        pending, self._pending = self._pending, []
        mark = f"Error detected during run of module {_numbered(module)[0]}"
        if any(match.rule == "module_error" and mark in match.line for match in pending):
            self._failed.add(image_set)
            for match in pending:
                self._kept[match.rule].set_image_set(match.number, image_set)


def _numbered(module: bytes) -> tuple[str, int]:
    """``LoadData # 1`` in two."""
    name, _, number = module.decode("ascii", "replace").rpartition(" # ")
    return name, int(number)


def _text(raw: bytes) -> str:
    return raw[: MAX_LINE * 4].decode("utf-8", "replace").rstrip("\r\n")[:MAX_LINE]


def _wanted(rule: LineRule, raw: bytes, line: str, frames: str) -> bool:
    through = frames.split(">")
    if rule.frames and not any(name in through for name in rule.frames):
        return False
    if rule.outside and any(name in through for name in rule.outside):
        return False
    if len(raw) <= MAX_LINE:
        return rule.search(line) is not None
    # A very long line: look around each literal instead of at all of it.
    for literal in rule.texts:
        at = raw.find(literal.encode())
        if at >= 0 and rule.search(_text(raw[max(0, at - 200) : at + MAX_LINE])):
            return True
    return False
