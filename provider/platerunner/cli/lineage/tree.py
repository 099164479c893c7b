"""A lineage as lines for people."""

from collections import Counter
from collections.abc import Iterator, Sequence

from platerunner.cli.console import counted
from platerunner.engine.lineage.check import Checked
from platerunner.engine.lineage.model import DATA, Attempt, File, Lineage, Passed
from platerunner_unit.contract.unit_keys import shown_key
from platerunner_unit.contract.words import show_usd

FIRST = 3
"""How many files of one input are named; the others are counted."""


def tree_lines(lineage: Lineage, first: int = FIRST) -> Iterator[str]:
    """The files that were asked about, and under each what it was made of.

    :param first: files of one input that are shown.
    """
    seen: set[str] = set()
    for target in lineage.targets:
        yield from _file(lineage, lineage.files[target], 0, first, seen)
    spent, unknown = lineage.usd
    raw = counted(len(lineage.raw), "raw file")
    attempts = counted(len(lineage.attempts), "attempt")
    yield f"In all: {attempts} from {raw}, {show_usd(spent)} USD{_without_price(unknown)}."
    yield from lineage.notes


def _without_price(unknown: int) -> str:
    return f"; of {counted(unknown, 'attempt')} no price is known" if unknown else ""


def _file(lineage: Lineage, file: File, depth: int, first: int, seen: set[str]) -> Iterator[str]:
    pad = "  " * depth
    yield f"{pad}{file.shown}{_raw(file)}{_identity(file)}"
    yield from (f"{pad}  gate {_gate(each)}" for each in file.gates)
    if file.made_by:
        yield from _attempt(lineage, lineage.attempts[file.made_by], depth + 1, first, seen)
    elif file.root != DATA:
        yield f"{pad}  no attempt that is on record wrote this version"


def _raw(file: File) -> str:
    return " (raw file)" if file.root == DATA else ""


def _identity(file: File) -> str:
    size = f", {file.size:,} bytes" if file.size is not None else ""
    mark = f", sha256 {file.sha256}" if file.sha256 else (f", ETag {file.etag}" if file.etag else "")
    return f"{size}{mark}"


def _attempt(lineage: Lineage, attempt: Attempt, depth: int, first: int, seen: set[str]) -> Iterator[str]:
    outcome, pad = attempt.outcome, "  " * depth
    name = f"{outcome.step} {outcome.unit}"
    if attempt.id in seen:
        yield f"{pad}made by {name}, as above"
        return
    seen.add(attempt.id)
    ended = str(outcome.timing.get("ended", ""))[:19].replace("T", " ")
    yield f"{pad}made by {name}: attempt {outcome.attempt} of {outcome.run_id}, {outcome.verdict.category} {ended} UTC"
    yield from (f"{pad}  {line}" for line in _about(attempt))
    for input_, files in lineage.inputs_of(attempt.id):
        yield f"{pad}  {input_}: {counted(len(files), 'file')}"
        for file in files[:first]:
            yield from _file(lineage, file, depth + 2, first, seen)
        yield from _rest(lineage, files[first:], f"{pad}    ")


def _rest(lineage: Lineage, files: Sequence[File], pad: str) -> Iterator[str]:
    """Files that are only counted, by the step that wrote them."""
    steps = Counter(lineage.attempts[each.made_by].outcome.step if each.made_by else "" for each in files)
    for step, count in steps.items():
        yield f"{pad}... and {counted(count, 'file')} more{f' of {step}' if step else ''} (--first, --json)"


def _about(attempt: Attempt) -> Iterator[str]:
    outcome, made = attempt.outcome, attempt.outcome.ingredients
    yield f"image {outcome.image or made.get('image')} {outcome.digest or '(digest not known)'}"
    for param, files in (made.get("files") or {}).items():
        yield from (f"{param}: {name}, sha256 {sha256}" for name, sha256 in files.items())
    for name, value in (made.get("with") or {}).items():
        yield f"{name} = {value}"
    yield from (f"gate {_gate(each)}" for each in attempt.gates)
    if attempt.spent is None or attempt.spent.usd is None:
        yield "cost: not known"
        return
    failed = attempt.spent.failed
    before = f", and {counted(failed, 'failed attempt')} {show_usd(attempt.spent.usd_failed)} USD" if failed else ""
    yield f"cost: {show_usd(attempt.spent.usd)} USD{before}"


def _gate(passed: Passed) -> str:
    comment = f": {passed.comment}" if passed.comment else ""
    saw = "" if passed.saw else " (before this step)"
    return f"{passed.gate}: {passed.decision} by {passed.user or 'nobody'} at {passed.at}{comment}{saw}"


def checked_lines(checked: Sequence[Checked]) -> Iterator[str]:
    """What is not as it was, and how many files are."""
    counts = Counter(each.found for each in checked)
    for each in checked:
        if each.found not in ("same", "same size"):
            yield f"{shown_key(each.key)}: {each.found}{f' ({each.detail})' if each.detail else ''}"
    yield ", ".join(f"{counted(count, 'file')} {found}" for found, count in counts.most_common()) + "."
