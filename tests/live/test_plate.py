"""An array of 24 wells in which two fail: these two, and only these, are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.live.scene import MEASURED, Scene, copy_wells, start_child, well_units
from tests.live.situations import TWO_OF_24, two_wells_fail
from tests.unit.bench import RUN

from platerunner_unit.contract import manifest
from platerunner_unit.contract.keys import outcomes_prefix, parse_outcome_key
from platerunner_unit.contract.outcome import Outcome

pytestmark = pytest.mark.cellprofiler
WELLS = tuple(f"{row}{column:02d}" for row in "CDEF" for column in range(3, 9))


@pytest.mark.timeout(900)
def test_two_wells_of_24_fail(scene: Scene, record_property: Callable[[str, object], None]) -> None:
    two_wells_fail(scene)
    copy_wells(scene, WELLS)
    damaged = scene.image(TWO_OF_24[1], 1, "DNA")
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
    record_property("group", "an array of 24 wells: a module fails on one, an image of another is truncated")
    record_property("result", ", ".join(f"{n} `{category}`" for category, n in Counter(categories.values()).items()))
    expected = dict.fromkeys(WELLS, "succeeded") | {TWO_OF_24[0]: "tool_error", TWO_OF_24[1]: "input_unreadable"}
    assert categories == expected
    assert [code == 0 for code in codes] == [well not in TWO_OF_24 for well in WELLS]
    assert all(parse_outcome_key(key) is not None for key in keys)
    assert damaged.name in outcomes[TWO_OF_24[1]].verdict.sentence
    written = {well: scene.bench.store.exists(f"m/{well}/{name}") for well in WELLS for name in MEASURED}
    assert written == {well: well not in TWO_OF_24 for well in WELLS}
