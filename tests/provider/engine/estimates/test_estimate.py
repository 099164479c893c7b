"""Estimates by hand: from attempts before, at other sizes of inputs, with failures, and by the catalog's guess."""

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from platerunner.catalog.loader import load_catalog
from platerunner.engine.estimates.estimate import Known, estimate
from platerunner.engine.estimates.texts import cells, one_line, rows_of, sentences, total
from platerunner.engine.ledger.columns import table
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.prepare import plan_pipeline
from platerunner.engine.prices.book import PriceBook
from platerunner.engine.prices.listed import listed
from platerunner.engine.prices.price_file import NAME
from platerunner.spec.loader import load_text
from platerunner_unit.contract.storage import Storage

GIB, MIB = 1024**3, 1024**2
SPEC = """
version: 1
pipeline: cells
workspace: "{{ workspace_root }}"
dataset:
  root: "{{ data_root }}"
  files: {raw: "{plate}/{well}.tif"}
defaults: {resources: {vcpus: 1, memory: 4 GiB, capacity: spot}}
steps:
  correct:
    module: imaging.illum-apply
    foreach: [plate, well]
    inputs: {images: dataset.raw, illum: dataset.raw}
    outputs: {corrected: "corrected/{plate}/{well}.tif"}
  measure:
    module: imaging.project
    foreach: [plate, well]
    inputs: {images: correct.corrected}
    outputs: {projected: "measured/{plate}/{well}.csv"}
"""
BEGIN = datetime(2026, 11, 30, 10, tzinfo=UTC)


def row(step: str, seconds: float | None, *, start: float = 0.0, **values) -> dict:
    """An attempt that held a quarter of an instance of 0.72 USD an hour: 0.00005 USD a second."""
    usd = (seconds or 0.0) * 0.72 / 3600 / 4
    base = {
        "job": "j", "unit": "u", "run": "one", "pipeline": "cells", "step": step, "verdict": "succeeded",
        "module": "imaging.illum-apply" if step == "correct" else "imaging.project", "digest": "sha256:1",
        "submitted": BEGIN.isoformat(), "started": (BEGIN + timedelta(seconds=10 + start)).isoformat(),
        "ended": (BEGIN + timedelta(seconds=10 + start + (seconds or 0.0))).isoformat(), "seconds": seconds,
        "bytes_in": MIB, "bytes_out": MIB, "vcpus": 1, "memory": 4 * GIB, "disk": 20 * GIB, "capacity": "spot",
        "hourly": 0.72, "instance_vcpus": 4.0, "instance_memory": 16 * GIB, "usd": usd, "usd_volume": 0.0,
    }  # fmt: skip
    return table().fit({**base, **values})


@pytest.fixture
def told(tmp_path):
    def told(rows, *, wells=8, size=MIB, spec=SPEC, digest="sha256:1", book=None, mounts=True):
        sizes = size if callable(size) else lambda _: size
        for n in range(wells):
            path = tmp_path / f"data/P{n % 2 + 1}/A{n // 2 + 1:02}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * sizes(n))
        pipeline = load_text(spec, tmp_path / "cells.yaml")
        context = RunContext({}, str(tmp_path / "data"), str(tmp_path / "work"))
        modules = load_catalog()
        digests = {module.image: digest for module in modules.values()}
        plans = plan_pipeline(pipeline, modules, context, Storage, digests)
        return estimate(pipeline, context, plans, Known(modules, digests, lambda: rows, book, mounts=mounts))

    return told


def test_units_take_what_units_before_took_with_what_failures_add(told):
    """8 units of 100 s, one in five attempts failed after 50 s: 12.5 % more; 0.00005 USD a second."""
    rows = [row("correct", 100.0) for _ in range(8)]
    rows += [row("correct", 50.0, verdict="spot_interrupted") for _ in range(2)]
    rows += [row("correct", None, verdict="unknown", usd=None)]
    correct, measure = told(rows).steps
    assert correct.source == "history"
    assert (correct.units, correct.unit_s.usual, correct.unit_s.high) == (8, 100.0, 100.0)
    assert correct.machine_s.usual == pytest.approx(8 * 100 * 1.125)
    assert correct.usd.usual == pytest.approx(900 * 0.00005)
    assert correct.plates == {"P1": pytest.approx(450 * 0.00005), "P2": pytest.approx(450 * 0.00005)}
    assert correct.wall_s == pytest.approx(10 + 8 * 100 * 1.125 / 8), "all ran at once, 10 s after their submission"
    assert measure.source == "guess"


def test_sizes_that_differ_tell_what_any_unit_takes_and_what_each_byte_takes(told):
    """10 s and 20 s a MiB, as units of 1 to 3 MiB say; those to come have 6. One that was held up moves nothing."""
    rows = [row("correct", 10 + 20 * n, bytes_in=n * MIB, bytes_out=n * MIB) for n in (1, 2, 3) * 4]
    rows += [row("correct", 900.0, bytes_in=2 * MIB)]
    rows += [row("measure", 5 + 40 * n, bytes_in=n * MIB) for n in (1, 2, 3) * 4]
    found = told(rows, size=6 * MIB)
    correct, measure = found.steps
    assert correct.unit_s.usual == pytest.approx(130)
    assert measure.unit_s.usual == pytest.approx(5 + 40 * 6, rel=0.1), "by the size that the outputs before will have"
    assert "scaled beyond the 3 MiB that were seen" in " ".join(sentences(found))


STEPS = {"correct": "imaging.illum-apply", "measure": "imaging.project", "tables": "imaging.segment-measure"}
TABLES = """
  tables:
    module: imaging.segment-measure
    foreach: [plate, well]
    inputs: {images: correct.corrected}
    with: {nuclei: DNA}
    outputs: {image: "tables/{plate}/{well}.csv", nuclei: "tables/{plate}/{well}_nuclei.csv"}
  report:
    module: imaging.plate-report
    foreach: [plate, well]
    inputs: {tables: tables.image}
    with: {column: Count_Nuclei}
    outputs: {heatmap: "report/{plate}/{well}.png", table: "report/{plate}/{well}.csv"}
"""


def test_a_unit_that_reads_the_smaller_of_two_tables_is_as_large_as_units_before(told):
    """`tables` writes 1 MiB in two files; the one that `report` reads had 4 KiB, where it took 2 s."""
    rows = [row(step, 10.0, module=name) for step, name in STEPS.items()] * 4
    sizes = [(kib * 1024, 1 + kib / 4) for kib in (2, 4, 6)] * 4
    rows += [row("report", seconds, bytes_in=size, module="imaging.plate-report") for size, seconds in sizes]
    assert told(rows, spec=SPEC + TABLES).steps[3].unit_s.usual == pytest.approx(2.0)


def test_where_all_were_of_one_size_the_start_of_the_module_is_taken_from_the_catalog(told):
    rows = [row("correct", 23.0)] * 6
    takes = load_catalog()["imaging.illum-apply"].takes
    assert takes is not None
    found = told(rows, size=2 * MIB)
    assert found.steps[0].unit_s.usual == pytest.approx(takes.start + 2 * (23.0 - takes.start))
    assert "all with inputs of about 1 MiB, scaled to 2 MiB" in found.steps[0].basis


def test_a_price_follows_what_is_asked_for_now(told):
    """Half of the instance instead of a quarter: twice the price."""
    rows = [row("correct", 100.0)] * 4
    spec = SPEC.replace("memory: 4 GiB", "memory: 8 GiB")
    assert told(rows, spec=spec).steps[0].usd.usual == pytest.approx(2 * told(rows).steps[0].usd.usual)


def test_other_versions_and_other_pipelines_tell_less_and_are_named(told):
    rows = [row("correct", 100.0)] * 4
    assert told(rows, digest="sha256:2").steps[0].basis == "4 attempts before, with other versions of the image"
    other = [{**each, "pipeline": "else", "step": "fix"} for each in rows]
    assert told(other).steps[0].basis == "4 other pipelines' attempts"
    assert told([{**each, "module": "command"} for each in rows]).steps[0].source == "guess"


def test_what_units_took_with_as_many_vcpus_counts_where_there_is_any(told):
    rows = [row("correct", 100.0)] * 4 + [row("correct", 30.0, vcpus=4)] * 12
    correct = told(rows).steps[0]
    assert (correct.unit_s.usual, correct.basis) == (100.0, "4 attempts before")
    four = told(rows[4:]).steps[0]
    assert (four.unit_s.usual, four.basis) == (30.0, "12 attempts before, with other vCPUs than now")


def test_runs_that_are_slow_as_a_whole_make_what_is_high(told):
    """Each second run takes twice as long: usual is between, and what nine of ten do not exceed is the slow one's."""
    draw = random.Random(1)
    rows = [
        row("correct", 100 * (1 + run % 2) * draw.uniform(0.95, 1.05), run=str(run)) for run in range(10) for _ in "ab"
    ]
    correct = told(rows).steps[0]
    assert correct.machine_s.usual == pytest.approx(8 * 150, rel=0.05)
    assert correct.machine_s.high == pytest.approx(8 * 200, rel=0.07)
    assert correct.usd.high == pytest.approx(correct.usd.usual * correct.machine_s.high / correct.machine_s.usual)


def test_without_history_a_guess_is_said_to_be_one_and_no_price_is_no_zero(told):
    found = told([])
    takes = load_catalog()["imaging.project"].takes
    assert takes is not None
    assert [step.source for step in found.steps] == ["guess", "guess"]
    assert found.usd.usual is None
    assert found.unpriced == ("correct", "measure")
    assert "no history: the catalog's guess" in one_line(found.steps[1])
    assert "No price is known of correct, measure, which the sum leaves out." in list(sentences(found))
    assert total(found)[4] == "?"


def test_a_module_of_which_nobody_can_say_anything_has_no_figures(told):
    spec = SPEC.replace("module: imaging.project", "module: command\n    image: base:latest").replace(
        "inputs: {images: correct.corrected}",
        'inputs: {images: correct.corrected}\n    with: {argv: [cp, "{inputs.images}", "{outputs.projected}"]}',
    )
    found = told([row("correct", 100.0)] * 4, spec=spec)
    assert [step.source for step in found.steps] == ["history", "nothing"]
    assert cells(found.steps[1])[2:] == ["?", "?", "?", "?"]
    assert found.wall_s is None
    assert "8 units would take and cost nobody knows: neither history nor a guess" in one_line(found.steps[1])


def run_of(name: str, gap: float) -> list[dict]:
    """A run: 10 s of waiting and 100 s of `correct`, the gap, and the same of `measure`."""
    later = BEGIN + timedelta(seconds=110 + gap)
    rows = [row("correct", 100.0, run=name) for _ in range(8)]
    return rows + [row("measure", 100.0, start=110 + gap, run=name, submitted=later.isoformat()) for _ in range(8)]


@pytest.mark.parametrize(
    ("gaps", "between"),
    [
        ([5.0], 5),
        ([4.0, 6.0, 5.0], 5),
        ([5.0, 5.0, 86_400.0], 5),  # a task that somebody cleared on the next day
        ([-50.0, -40.0, -60.0], 0),  # plates that went ahead
    ],
)
def test_the_time_between_steps_counts_as_it_was(told, gaps, between):
    found = told([each for n, gap in enumerate(gaps) for each in run_of(str(n), gap)])
    assert found.wall_s == pytest.approx(sum(step.wall_s for step in found.steps) + between)


def test_a_person_s_time_at_a_gate_is_not_between_the_steps(told):
    gate = SPEC.replace(
        "  measure:", "  check: {gate: Fine?, show: {c: correct.corrected}}\n  measure:\n    needs: [check]"
    )
    found = told(run_of("one", 7200.0) + run_of("two", 3600.0), spec=gate)
    assert found.wall_s == pytest.approx(sum(step.wall_s for step in found.steps))


MOUNTED = SPEC.replace("defaults:", 'storage: {kind: KIND, data: "{{ data_root }}"}\ndefaults:')
ROWS = [row("correct", 100.0) for _ in range(8)] + [row("measure", 100.0) for _ in range(8)]


@pytest.fixture
def book(tmp_path):
    """The prices of a region, as far as they are written down: the ledger's own file, and AWS's list."""

    def book(region):
        known = SimpleNamespace(find=lambda asked: listed(asked.name, region) if asked.item == "file_system" else None)
        return PriceBook(Storage(str(tmp_path / "ledger")), "", region, known, keep=False)

    return book


def test_a_file_system_is_paid_for_as_long_as_the_run_takes(told, book):
    """1.2 TiB at 0.14 USD a GiB and month, for 220 s of steps after 15 minutes of being made."""
    found = told(ROWS, spec=MOUNTED.replace("KIND", "fsx"), book=book("us-east-1"))
    assert found.wall_s == pytest.approx(220)
    own = 1200 * 0.14 / 730 * (220 + 900) / 3600
    assert found.file_system.usd.usual == pytest.approx(own)
    assert found.usd.usual == pytest.approx(sum(step.usd.usual for step in found.steps) + own)
    assert found.unpriced == ()
    assert rows_of(found)[-2] == ["storage (fsx)", "", "", "", "0.072", "18.7 min"]
    assert "storage: 1,200 GiB until the run ends, by AWS's list of 2026-11-01" in " ".join(sentences(found))
    assert found.to_json()["file_system"]["usd"]["usual"] == pytest.approx(own)


@pytest.mark.slow
def test_efs_is_paid_by_what_jobs_leave_in_it_and_read_of_it(told, book):
    """Eight files of 64 MiB, each left there once and read by the one unit that needs it, twice as it names it."""
    found = told(ROWS, size=64 * MIB, spec=MOUNTED.replace("KIND", "efs"), book=book("us-east-1"))
    assert found.wall_s is not None
    held = 0.5 * 0.30 / 730 * (found.wall_s + 120) / 3600
    assert found.file_system.usd.usual == pytest.approx(0.5 * 0.03 + 0.5 * 0.06 + held)


def test_a_file_system_s_price_that_nobody_knows_is_no_zero_and_the_remedy_is_one(told, book, tmp_path):
    spec = MOUNTED.replace("KIND", "fsx")
    found = told(ROWS, spec=spec, book=book("eu-west-1"))
    assert found.file_system.usd.usual is None
    assert found.unpriced == ("storage",)
    assert rows_of(found)[-2][4] == "?"
    said = " ".join(sentences(found))
    assert "No price is known of storage, which the sum leaves out." in said
    assert "write `file_system: {fsx: USD}` into prices.yaml of the ledger" in said
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / NAME).write_text("{date: 2026-11-30, file_system: {fsx: 0.154}}")
    assert told(ROWS, spec=spec, book=book("eu-west-1")).file_system.usd.usual == pytest.approx(
        1200 * 0.154 / 730 * 1120 / 3600
    )


def test_where_no_file_system_is_made_none_is_paid(told, book):
    spec = MOUNTED.replace("KIND", "fsx")
    assert told(ROWS, spec=spec, book=book("us-east-1"), mounts=False).file_system is None
    assert told(ROWS, book=book("us-east-1")).file_system is None
