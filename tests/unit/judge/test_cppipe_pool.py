"""Public pipelines, of which CellProfiler 4.2.8 said what it loads: they are their owners', and read in place."""

import csv
import os
from pathlib import Path

import pytest

from platerunner_unit.cellprofiler import pipeline_file as cppipe

POOL = Path(__file__).parents[4] / "shared" / "cppipe-pool"


@pytest.fixture(scope="module")
def pool():
    """What the loader said (the truth), and what is said here, by file."""
    if not POOL.is_dir():
        reason = (
            f"the pool of public pipelines is not there (looked for it in {POOL}); it is kept outside the repository, "
            "and PLATERUNNER_REQUIRE_CORPUS=1 makes its absence a failure"
        )
        assert not os.environ.get("PLATERUNNER_REQUIRE_CORPUS"), reason
        pytest.skip(reason)
    with (POOL / "truth.csv").open(newline="") as file:
        return [(row, cppipe.read(POOL / row["file"])) for row in csv.DictReader(file)]


def said(pipeline, plugins=frozenset()):
    return [problem.sentence for problem in cppipe.check(pipeline, set(plugins))]


def test_whatever_cellprofiler_loads_is_let_through(pool):
    refused = {row["file"]: said(pipeline) for row, pipeline in pool if row["loads"] == "yes" and said(pipeline)}
    assert sum(row["loads"] == "yes" for row, _ in pool) > 80
    assert refused == {}


def test_whatever_it_does_not_load_is_refused(pool):
    passed = [row["file"] for row, pipeline in pool if row["loads"] == "no" and not said(pipeline)]
    assert len(passed) <= 2, passed


def test_as_many_modules_are_read_as_it_loads(pool):
    counts = {row["file"]: (len(p.modules), int(row["modules"])) for row, p in pool if row["loads"] == "yes"}
    assert {file: both for file, both in counts.items() if both[0] != both[1]} == {}


def test_a_pipeline_that_needs_plugins_passes_with_them(pool):
    needy = [(row["file"], pipeline) for row, pipeline in pool if "Could not find the" in row["error"]]
    assert needy
    for file, pipeline in needy:
        problems = cppipe.check(pipeline, set())
        assert {problem.category for problem in problems} == {"plugin_missing"}, file
        plugins = {m.name for m in pipeline.modules for p in problems if f"uses {m.place}," in p.sentence}
        assert said(pipeline, plugins) == [], file
