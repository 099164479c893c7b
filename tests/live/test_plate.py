"""An array of eight wells in which two fail: these two, and only these, are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.live.scene import MEASURED, Scene, copy_wells, start_child, well_units
from tests.live.situations import TWO_WELLS, two_wells_fail
from tests.unit.bench import RUN

from platerunner_unit.contract import manifest
from platerunner_unit.contract.category import CATEGORIES, Category
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.unit_keys import outcomes_prefix, parse_outcome_key

pytestmark = pytest.mark.cellprofiler
WELLS = tuple(f"{row}{column:02d}" for row in "CDEF" for column in (5, 7))


@pytest.mark.timeout(900)
def test_two_wells_of_eight_fail(scene: Scene, record_property: Callable[[str, object], None]) -> None:
    two_wells_fail(scene)
    copy_wells(scene, WELLS)
    damaged = scene.image(TWO_WELLS[1], 1, "DNA")
    damaged.write_bytes(damaged.read_bytes()[:-1000])
    units = well_units(scene, WELLS)
    manifest.write(scene.bench.store, f"{RUN}/s/1", scene.step(), units)

    def run(index: int) -> int:
        process = start_child(scene, index)
        process.communicate(timeout=200)
        return process.returncode

    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(run, range(len(units))))

    keys = [stored.key for stored in scene.bench.store.list(outcomes_prefix("s"))]
    outcomes = {o.values["well"]: o for o in (Outcome.from_json(scene.bench.store.get(key)) for key in keys)}
    categories = {well: outcome.verdict.category for well, outcome in outcomes.items()}
    record_property("group", "an array of eight wells: a module fails on one, an image of another is truncated")
    record_property("result", ", ".join(f"{n} `{category}`" for category, n in Counter(categories.values()).items()))
    expected = dict.fromkeys(WELLS, "succeeded") | {TWO_WELLS[0]: "tool_error", TWO_WELLS[1]: "input_unreadable"}
    assert categories == expected
    assert [code == 0 for code in codes] == [well not in TWO_WELLS for well in WELLS]
    assert all(parse_outcome_key(key) is not None for key in keys)
    assert damaged.name in outcomes[TWO_WELLS[1]].verdict.sentence
    written = {well: scene.bench.store.exists(f"m/{well}/{name}") for well in WELLS for name in MEASURED}
    assert written == {well: well not in TWO_WELLS for well in WELLS}


@pytest.mark.timeout(600)
def test_of_a_batch_of_four_wells_two_fail(scene: Scene) -> None:
    two_wells_fail(scene)
    wells = (TWO_WELLS[0], "C04", TWO_WELLS[1], "D03")
    copy_wells(scene, wells)
    damaged = scene.image(TWO_WELLS[1], 1, "DNA")
    damaged.write_bytes(damaged.read_bytes()[:-1000])
    step = replace(scene.step(), batches=(0, len(wells)))
    manifest.write(scene.bench.store, f"{RUN}/s/1", step, well_units(scene, wells))
    process = start_child(scene, 0)
    output = process.communicate(timeout=400)[0].decode()
    keys = [stored.key for stored in scene.bench.store.list(outcomes_prefix("s"))]
    outcomes = {o.values["well"]: o for o in (Outcome.from_json(scene.bench.store.get(key)) for key in keys)}
    assert {well: outcome.verdict.category for well, outcome in outcomes.items()} == {
        TWO_WELLS[0]: "tool_error", "C04": "succeeded", TWO_WELLS[1]: "input_unreadable", "D03": "succeeded",
    }, output  # fmt: skip
    assert process.returncode == CATEGORIES[Category.TOOL_ERROR].exit_code
    assert "starts it anew" not in output
    for well in ("C04", "D03"):  # the evidence is the unit's own: one image set, one whole row, its own done file
        evidence = outcomes[well].evidence
        assert (evidence["sets_asked"], evidence["sets_in_table"], evidence["done_file"]) == ([1], [1], "Complete")
    assert [scene.bench.store.exists(f"m/{well}/Image.csv") for well in wells] == [False, True, False, True]
