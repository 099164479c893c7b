"""The plate that all situations start from, a scene for each, and a bench for what needs no scene."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.live.scene import BRISK_JAVA, Scene, make_images
from tests.unit.bench import Bench, folder_bench


@pytest.fixture(scope="session")
def plate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_images(tmp_path_factory.mktemp("plate"))


@pytest.fixture
def scene(tmp_path: Path, plate: Path, cellprofiler: str) -> Scene:
    return Scene.make(tmp_path, plate, cellprofiler)


@pytest.fixture
def bench(tmp_path: Path, cellprofiler: str) -> Bench:
    return folder_bench(tmp_path, PLATERUNNER_CELLPROFILER=cellprofiler, JAVA_TOOL_OPTIONS=BRISK_JAVA)
