"""The acts of an acceptance: each does something that has gone wrong somewhere, and looks at what became of it."""

import gzip
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from platerunner.cli.acceptance.bench import ASKS, LINES, Bench, Ran
from platerunner.cli.acceptance.findings import Act, Seen
from platerunner.cli.aws.doctor_checks import State
from platerunner.engine.gates.answers import decide, take
from platerunner.engine.gates.budget_run import run_of_gate
from platerunner.engine.ledger.costs import sum_up
from platerunner_unit.contract.words import show_usd

PLATE = "P1"
WELLS = tuple(f"{row}{column:02}" for row in "ABCDEFGHIJ" for column in range(1, 11))
BROKEN = WELLS[4::10]
"""One in each row: ten that fail."""
NUMBERED = re.compile(r"acceptance (?P<well>\S+) line (?P<number>\d+) of \d+$")
LAST_S = 60
"""Seconds that a killed worker's jobs last where nothing on this machine can hold them."""

ARRAY = "A hundred units are one array job of 100."
NINETY = "90 units succeed and 10 fail: those that are broken, and no other."
REASONS = "Each of the 10 says why, in its tool's own last words."
AGAIN = "A second run tries these 10 alone; the 90 are done."
FIXED = "With their files fixed, these 10 succeed; the 90 are not touched."
NOTHING = "Then nothing is left: a further run submits no job."


def _hundred(bench: Bench) -> Iterator[Seen]:
    bench.write(PLATE, set(WELLS) - set(BROKEN))
    bench.write(PLATE, BROKEN, "broken")
    first = bench.run()
    sizes = [job.get("arrayProperties", {}).get("size") for job in bench.jobs(first.run_id)]
    yield Seen(ARRAY, f"Batch describes array jobs of {sizes}.", 100 in sizes)
    failed = {row["unit"] for row in bench.rows(first.run_id) if row["verdict"] != "succeeded"}
    counted = (first.work.succeeded, first.work.failed) == (90, 10)
    yield Seen(NINETY, f"{first.work.words()}. Failed: {_list(failed)}.", counted and failed == _units(BROKEN))
    words = {unit: bench.outcome(unit).verdict for unit in _units(BROKEN)}
    told = [unit for unit, verdict in words.items() if "broken on purpose" in verdict.line + verdict.sentence]
    example = words[_unit(BROKEN[0])]
    yield Seen(REASONS, f"{len(told)} of 10; the first: {example.sentence}", len(told) == 10)
    second = bench.run()
    yield Seen(AGAIN, *_ran_alone(bench, second, BROKEN, before=90))
    bench.write(PLATE, BROKEN)
    third = bench.run()
    seen, alone = _ran_alone(bench, third, BROKEN, before=90)
    yield Seen(FIXED, seen, alone and third.work.succeeded == 10 and third.state == "success")
    fourth = bench.run()
    jobs = bench.jobs(fourth.run_id)
    seen = f"{fourth.work.words()}; {len(jobs)} jobs."
    yield Seen(NOTHING, seen, not jobs and fourth.work.done_before == 100 and fourth.state == "success")


SWITCHED = "With row A switched to the other image, these 10 wells run again, and no other."
DIGEST = "Their outcomes name the other image's digest."
ESTIMATED = "An estimate is made before they run, from what the wells before took."
PRICED = "Each of their attempts has a price in the ledger."
WITHIN = "What they cost is within what was estimated (nine of ten do not exceed it)."


def _image(bench: Bench) -> Iterator[Seen]:
    row = [well for well in WELLS if well.startswith("A")]
    before = bench.outcome(_unit("A01")).digest
    session = bench.session(switched=True)
    plans = session.plans()
    estimated = session.estimate(plans)
    ran = bench.run(switched=True)
    yield Seen(SWITCHED, *_ran_alone(bench, ran, row, before=90))
    digests = {str(bench.outcome(_unit(well)).digest) for well in row}
    yield Seen(DIGEST, f"before: {before}; now: {_list(digests)}.", len(digests) == 1 and before not in digests)
    basis = "; ".join(step.basis for step in estimated.steps)
    usual, high = estimated.usd.usual, estimated.usd.high
    said = f"{_usd(usual)}, in nine of ten runs up to {_usd(high)} ({basis})."
    yield Seen(ESTIMATED, said, usual is not None and [step.source for step in estimated.steps] == ["history"])
    rows = bench.rows(ran.run_id)
    costs = sum_up(rows, lambda _: True, lambda row: row["step"])
    priced = [each for each in rows if each["usd"] is not None]
    bill = sum(each["usd"] for each in priced)
    sources = _list({f"{each['price_source']} of {each['price_date']}" for each in priced})
    yield Seen(PRICED, f"{len(priced)} of {len(rows)}, by {sources or 'nobody'}.", bool(rows) and priced == rows)
    seen = f"{_usd(bill)} of shares, and {_usd(costs.idle)} of idle instances; estimated {_usd(usual)} to {_usd(high)}."
    if bench.local:
        seen += " A laptop's seconds are no instance's: this is for an account to judge."
        yield Seen(WITHIN, seen, None, "platerunner accept")
    else:
        yield Seen(WITHIN, seen, high is not None and bill <= high)


KEPT = f"Each line of each well is kept once, in order: {LINES} of {LINES}, of all that succeeded and all that failed."
COLLECTED = "A collector of telemetry gets each of these lines, none lost."


def _telemetry(bench: Bench) -> Iterator[Seen]:
    attempts = [attempt for unit in _units(WELLS) for attempt in bench.attempts(unit)]
    short = []
    for attempt in attempts:
        text = gzip.decompress(bench.workspace.get(attempt.log)).decode() if attempt.log else ""
        numbers = [int(found["number"]) for line in text.splitlines() if (found := NUMBERED.search(line))]
        if numbers != list(range(1, LINES + 1)):
            short.append(f"{attempt.unit} attempt {attempt.attempt}: {len(numbers)} lines")
    seen = f"{len(attempts) - len(short)} of {len(attempts)} attempts whole. {_list(short)}"
    yield Seen(KEPT, seen.strip(), bool(attempts) and not short)
    if bench.received is None:
        proof = "count the lines in your collector: `acceptance` and `line` in the body, by run"
        yield Seen(COLLECTED, "No collector of this machine's own takes the lines.", None, proof)
        return
    wanted = len(attempts) * LINES
    got = sum(1 for line in list(bench.received) if NUMBERED.search(line))
    yield Seen(COLLECTED, f"{got:,} of {wanted:,} lines of {len(attempts)} attempts.", got == wanted)


REFUSED = "With the queue closed, the run fails and names the queue; no well counts as failed."
REOPENED = "With the queue open again, the same command runs these 10 wells, and they succeed."


def _queue(bench: Bench) -> Iterator[Seen]:
    wells = [f"A{column:02}" for column in range(1, 11)]
    bench.write("P2", wells)
    bench.set_queue("DISABLED")
    try:
        closed = bench.run()
    finally:
        bench.set_queue("ENABLED")
    said = " ".join(closed.messages)
    named = bench.queue.rpartition("/")[2] in said
    judged = [row["unit"] for row in bench.rows(closed.run_id)]
    seen = f"The run {closed.state}: {said or 'not a word'} Wells judged: {len(judged)}."
    yield Seen(REFUSED, seen, closed.state == "failed" and named and not judged)
    ran = bench.run()
    seen, alone = _ran_alone(bench, ran, wells, before=100, plate="P2")
    yield Seen(REOPENED, seen, alone and ran.state == "success")


KILLED = "A worker is killed (SIGKILL) after it submitted 10 jobs."
TAKEN_UP = "The next run takes the work up: all 10 wells succeed, and the 110 of before are not touched."
NO_ORPHAN = "No job of the dead worker is left in the queue."


def _worker(bench: Bench) -> Iterator[Seen]:
    wells = [f"A{column:02}" for column in range(1, 11)]
    go = bench.asked.folder / "go"
    go.unlink(missing_ok=True)
    bench.write("P3", wells, f"hold {go}" if bench.local else f"last {LAST_S}")
    try:
        run_id = bench.kill_a_worker()
    finally:
        go.touch()
    if run_id is None:
        return (yield Seen(KILLED, "It ended before it could be killed; killed_worker.log says why.", holds=False))
    yield Seen(KILLED, f"Killed in the run {run_id}.", holds=True)
    ran = bench.run()
    done = [well for well in wells if bench.outcome(_unit(well, "P3")).verdict.category == "succeeded"]
    others = {row["unit"] for row in bench.rows(ran.run_id)} - {_unit(well, "P3") for well in wells}
    seen = f"{ran.work.words()}; {len(done)} of 10 wells succeeded; others that ran: {_list(others) or 'none'}."
    yield Seen(TAKEN_UP, seen, ran.state == "success" and len(done) == 10 and not others)
    left = bench.unended_jobs(run_id)
    yield Seen(NO_ORPHAN, f"Jobs of it that have not ended: {_list(left) or 'none'}.", not left)


ASKED = "A run stops at its gate and asks; what comes after the gate has not run."
NOT_ME = "An answer by somebody who is no approver does not count, and is kept as refused."
SECOND = "The second person's approval counts; the next run goes through the gate."
NAME = "The name that the gate hears is that of who has signed in."


def _gate(bench: Bench) -> Iterator[Seen]:
    asking = bench.run(gated=True)
    opened = list(bench.workspace.list("opened/"))
    seen = f"The run ended as `{asking.state}`, with {len(opened)} outputs of the step after the gate."
    yield Seen(ASKED, seen, asking.state == ASKS and not opened)
    first = f"not-{bench.asked.second}"
    said = [_answer(bench, asking, name) for name in (first, bench.asked.second)]
    yield Seen(NOT_ME, said[0] or f"The answer of {first} was taken.", "does not count" in said[0])
    after = bench.run(gated=True)
    opened = list(bench.workspace.list("opened/"))
    seen = f"{said[1] or 'Taken.'} The next run: {after.state}, {len(opened)} outputs after the gate."
    yield Seen(SECOND, seen, not said[1] and after.state == "success" and len(opened) == 3)
    proof = (
        "as the second person, in an account of your own: platerunner qc approve; the page Quality control names who"
    )
    yield Seen(NAME, "Nobody signs in here: names are given.", None, proof)


def _answer(bench: Bench, ran: Ran, name: str) -> str:
    """Why an approval is not taken; empty if it is."""
    gate = run_of_gate(bench.access, bench.pipeline(gated=True), "look", bench.context(ran.run_id))
    gate.ask()
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return take(gate, decide(gate, "", name, approved=True, comment="acceptance", at=at))


HEALTHY = "`platerunner doctor` finds nothing to fix."


def _doctor(bench: Bench) -> Iterator[Seen]:
    found = bench.ask_doctor()
    wrong = [f"{each['check']}: {each['message']}" for each in found if each["state"] == State.FAIL]
    warned = [f"{each['check']}: {each['message']}" for each in found if each["state"] == State.WARN]
    seen = f"{len(found)} findings, {len(wrong)} to fix. {' '.join(wrong)}"
    seen += f" Worth a look: {' '.join(warned)}" if warned else ""
    yield Seen(HEALTHY, seen.strip(), bool(found) and not wrong)


def _ran_alone(bench: Bench, ran: Ran, wells: Iterable[str], before: int, plate: str = PLATE) -> tuple[str, bool]:
    """What ran, in words, and whether it was these wells and no other."""
    units = {row["unit"] for row in bench.rows(ran.run_id)}
    wanted = {_unit(well, plate) for well in wells}
    others = units - wanted
    seen = f"{ran.work.words()}. Ran: {len(units & wanted)} of these {len(wanted)}, others: {_list(others) or 'none'}."
    return seen, units == wanted and ran.work.done_before == before


def _unit(well: str, plate: str = PLATE) -> str:
    return f"plate={plate}/well={well}"


def _units(wells: Iterable[str]) -> set[str]:
    return {_unit(well) for well in wells}


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(name.replace("plate=", "").replace("well=", "") for name in names))


def _usd(amount: float | None) -> str:
    return "an unknown price" if amount is None else f"{show_usd(amount)} USD"


ACTS = (
    Act("doctor", "The environment is what the connection says", (HEALTHY,), _doctor),
    Act(
        "hundred",
        "A hundred jobs, ten of which fail",
        (ARRAY, NINETY, REASONS, AGAIN, FIXED, NOTHING),
        _hundred,
    ),
    Act("telemetry", "What the jobs said", (KEPT, COLLECTED), _telemetry),
    Act(
        "image",
        "Another image for some, and what it cost",
        (SWITCHED, DIGEST, ESTIMATED, PRICED, WITHIN),
        _image,
    ),
    Act("queue", "The queue closed and opened", (REFUSED, REOPENED), _queue),
    Act("worker", "A worker killed", (KILLED, TAKEN_UP, NO_ORPHAN), _worker),
    Act("gate", "A gate and a second person", (ASKED, NOT_ME, SECOND, NAME), _gate),
)
"""In this order: later ones stand on what earlier ones left."""
