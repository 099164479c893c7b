"""What tests of several rooms share: the real CellProfiler, and workers that spend their time on tests."""

from __future__ import annotations

import gc
import os
import shutil
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
# What is imported and collected stays: a collector that walks through it again and again finds nothing.
gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: half of the time, a test waits. Whoever runs other things beside it may ask for less."""
    return int(os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS", 2 * (os.cpu_count() or 1)))


@pytest.fixture(scope="session")
def cellprofiler() -> str:
    """The real program; where it is missing the test is skipped, but fails in CI."""
    own = CHECKOUT / ".cellprofiler" / "bin" / "cellprofiler"
    candidates = (os.environ.get("PLATERUNNER_CELLPROFILER"), str(own), "cellprofiler")
    for candidate in candidates:
        if candidate and shutil.which(candidate):
            return candidate
    reason = "no CellProfiler: run `make cellprofiler`, or set PLATERUNNER_CELLPROFILER"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def own_python(program: str, folder: str, target: str) -> Path:
    """A program in a Python of its own; where it is missing the test is skipped, but fails in CI."""
    variable = f"PLATERUNNER_{target.upper()}"
    named = os.environ.get(variable)
    found = Path(named) if named else CHECKOUT / folder / "bin" / program
    if os.access(found, os.X_OK):
        return found
    reason = f"no {program}: run `make {target}`, or set {variable}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def snakemake() -> Path:
    """Snakemake, with the program that runs it in a unit."""
    return own_python("platerunner-snakemake", ".snakemake-venv", "snakemake")


@pytest.fixture(scope="session")
def em() -> Path:
    """The loaders of electron microscopy, with other readers of the formats."""
    return own_python("platerunner-em", ".em-venv", "em")


@pytest.fixture(scope="session")
def cosmicqc() -> Path:
    """coSMicQC."""
    return own_python("platerunner-cosmicqc", ".cosmicqc", "cosmicqc")


@pytest.fixture(scope="session")
def cytomining() -> Path:
    """CytoTable and pycytominer."""
    return own_python("platerunner-cytomining", ".cytomining", "cytomining")
