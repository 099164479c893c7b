"""Jobs in real containers: the embedded cloud with podman, on images that `make images` built."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.embedded import Account, embedded

from platerunner.local.host.containers import VARIABLE, container_images

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def tags() -> dict[str, str]:
    """Image name to tag, of the images that are there; `unit` and `cellprofiler` must be."""
    os.environ.setdefault("CONTAINERS_CONF", str(ROOT / "scripts" / "containers.conf"))
    found = {image.name: image.tag for image in container_images()}
    assert {"unit"} <= set(found), f"run `make images` first; there are only {sorted(found)}"
    return found


@pytest.fixture
def aws(tags: dict[str, str]) -> Iterator[Account]:
    """A cloud whose jobs run in containers; afterwards none of them is left."""
    volumes = set(listed("volume", "ls", "--quiet"))
    os.environ[VARIABLE] = "podman"
    try:
        with embedded(memory=8 * 1024**3) as account:
            yield account
    finally:
        del os.environ[VARIABLE]
    assert not [name for name in listed("ps", "--all", "--format", "{{.Names}}") if name.startswith("platerunner-")]
    assert set(listed("volume", "ls", "--quiet")) <= volumes, "a temporary folder stays behind"


def listed(*arguments: str) -> list[str]:
    """What podman has."""
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.split()
