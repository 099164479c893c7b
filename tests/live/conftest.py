"""The plate that all situations start from, and a scene for each."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.live.scene import Scene, make_images


@pytest.fixture(scope="session")
def plate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_images(tmp_path_factory.mktemp("plate"))


@pytest.fixture
def scene(tmp_path: Path, plate: Path, cellprofiler: str) -> Scene:
    return Scene.make(tmp_path, plate, cellprofiler)
