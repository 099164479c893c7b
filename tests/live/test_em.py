"""The loaders of electron microscopy against stand-ins of the archives that serve small volumes in their real forms."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.archive_server import DVID, Archive, serving

VOLUMES = Path(__file__).with_name("em_volumes.py")
pytestmark = pytest.mark.timeout(600)


def python(em: Path, *args: str | Path) -> str:
    argv = [em.with_name("python"), VOLUMES, *args]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def archive(em: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("archives") / "served"
    python(em, "write", folder)
    with serving(folder) as served:
        yield served


class Loader:
    """A unit, as the runner lays it out."""

    def __init__(self, em: Path, folder: Path, source: str, dataset: str, **params: Any) -> None:
        self.em, self.folder, self.source = em, folder, source
        self.volume, self.metadata = folder / "out/v.ome.zarr", folder / "out/m.json"
        folder.mkdir(exist_ok=True)
        (folder / "out").mkdir()
        unit = {
            "unit": "u", "values": {"dataset": dataset}, "params": {"workers": 1, **params}, "inputs": {},
            "outputs": {"volume": [{"path": str(self.volume)}], "metadata": [{"path": str(self.metadata)}]},
            "carried": str(folder / "carried"), "notes": str(folder / "notes"), "requested": {"memory": 2**31},
        }  # fmt: skip
        (folder / "unit.json").write_text(json.dumps(unit))

    def run(self) -> subprocess.CompletedProcess[str]:
        argv = [self.em, f"load-{self.source}", self.folder / "unit.json"]
        return subprocess.run(argv, capture_output=True, text=True, timeout=200)

    @property
    def note(self) -> str:
        return (self.folder / "notes").read_text()


def sources(archive: Archive) -> dict[str, tuple[str, str, str, dict[str, Any]]]:
    """Case to source, dataset, the voxels that it should have, and parameters."""
    url = archive.url
    return {
        "ebi": ("ebi", "7", "ebi", {"url": f"{url}/ebi/{{dataset}}/", "files": "*.mrc"}),
        "epfl": ("epfl", "brain", "epfl", {"url": f"{url}/epfl/{{dataset}}.tif", "voxel_nm": [5, 5, 5]}),
        "dvid": ("flyem", "hemi", "dvid", {"url": f"{url}{DVID}"}),
        "precomputed": ("flyem", "fly", "precomputed", {"url": f"{url}/precomputed/{{dataset}}"}),
        "idr": ("idr", "1", "idr", {"url": f"{url}/idr/{{dataset}}.zarr", "channel": 1}),
        "openorganelle": ("openorganelle", "hela", "n5", {"url": f"{url}/n5/{{dataset}}.n5/em/s0"}),
    }


VOXEL_NM = {
    "ebi": [8, 4, 4], "epfl": [5, 5, 5], "dvid": [8, 8, 8], "precomputed": [8, 8, 8], "idr": [500, 250, 250],
    "openorganelle": [5.24, 4, 4],
}  # fmt: skip


def test_each_archive_becomes_an_ome_zarr_that_others_read(em: Path, archive: Archive, tmp_path: Path) -> None:
    made = {}
    for case, (source, dataset, voxels, params) in sources(archive).items():
        loader = Loader(em, tmp_path / case, source, dataset, chunk_mb=0.5, **params)
        done = loader.run()
        assert done.returncode == 0, (case, done.stderr)
        made[case] = (loader, np.load(archive.folder / f"{voxels}.npy"))
        assert list((loader.folder / "carried").iterdir()) == [], "nothing is left to go on with"
    found = json.loads(python(em, "read", *(loader.volume for loader, _ in made.values())))
    for (case, (loader, voxels)), read in zip(made.items(), found, strict=True):
        assert read["sha256"] == hashlib.sha256(voxels.tobytes()).hexdigest(), case
        assert read["dtype"] == voxels.dtype.name
        assert read["shapes"] == [[70, 90, 130], [35, 45, 65], [18, 23, 33]]
        assert read["scale"] == pytest.approx(VOXEL_NM[case], rel=1e-5), case
        assert read["next_scale"] == pytest.approx([2 * nm for nm in VOXEL_NM[case]], rel=1e-5)
        assert read["mean_is_mean"]
        record = json.loads(loader.metadata.read_text())
        assert (record["shape"], record["levels"]) == ([70, 90, 130], 3)
    assert len(json.loads(made["ebi"][0].metadata.read_text())["files"]["stack.mrc"]) > 1, "a checksum for each chunk"


@pytest.mark.parametrize(("case", "answered", "block"), [("ebi", 4, 1), ("dvid", 4, 1), ("openorganelle", 14, 8)])
def test_a_loader_that_was_cut_off_goes_on_and_asks_for_no_block_twice(
    em: Path, archive: Archive, tmp_path: Path, case: str, answered: int, block: int
) -> None:
    """A block of the N5 has eight of its chunks; of the others, a request is a block."""
    source, dataset, voxels, params = sources(archive)[case]
    loader = Loader(em, tmp_path / "u", source, dataset, chunk_mb=0.25, **params)
    archive.asked.clear()
    archive.left = answered
    cut = loader.run()
    archive.left = None
    assert cut.returncode == 1
    assert "403" in cut.stderr, cut.stderr
    before = [each for each in archive.asked if is_data(each)]
    assert len(before) >= block, "something had come when it was cut off"
    archive.asked.clear()

    assert loader.run().returncode == 0
    after = [each for each in archive.asked if is_data(each)]
    assert after
    assert len(set(after) & set(before)) < block
    (found,) = json.loads(python(em, "read", loader.volume))
    assert found["sha256"] == hashlib.sha256(np.load(archive.folder / f"{voxels}.npy").tobytes()).hexdigest()


def is_data(asked: tuple[str, str]) -> bool:
    """Whether a request was for voxels: not for a description, a listing, or a file's size."""
    path, part = asked
    described = path.endswith(("/info", "/attributes.json", "/", ".zarray", "zarr.json", ".zattrs"))
    return not described and part != "bytes=0-0"


def test_what_lies_there_is_taken_only_if_it_is_what_was_fetched(em: Path, archive: Archive, tmp_path: Path) -> None:
    source, dataset, voxels, params = sources(archive)["dvid"]
    loader = Loader(em, tmp_path / "u", source, dataset, chunk_mb=0.25, **params)
    archive.left = 4
    loader.run()
    archive.left = None
    chunk = next(
        path for path in (loader.folder / "carried/volume.zarr/0").rglob("*") if path.name.isdigit() and path.is_file()
    )
    chunk.write_bytes(chunk.read_bytes()[:-20])
    assert loader.run().returncode == 0
    (found,) = json.loads(python(em, "read", loader.volume))
    assert found["sha256"] == hashlib.sha256(np.load(archive.folder / f"{voxels}.npy").tobytes()).hexdigest()


def test_what_is_wrong_ends_in_a_sentence(em: Path, archive: Archive, tmp_path: Path) -> None:
    url = archive.url
    cases = [
        ("ebi", {"url": f"{url}/ebi/7/", "files": "*.st"}, "no MRC and no TIFF fits `files: *.st`; there is"),
        ("ebi", {"url": f"{url}/nothing/"}, "HTTP 404"),
        ("epfl", {"url": f"{url}/epfl/brain.tif"}, "does not say how large its voxels are"),
        ("epfl", {"url": f"{url}/ebi/7/notes.txt", "voxel_nm": [1, 1, 1]}, "notes.txt cannot be read"),
        ("flyem", {"url": f"{url}{DVID}", "box": [0, 0, 0, 99, 9, 9]}, "no z0, y0, x0, z1, y1, x1 within"),
        ("flyem", {"url": f"{url}/precomputed/fly", "scale": 3}, "has no scale 3"),
        ("idr", {"url": f"{url}/n5"}, "HTTP 404"),
        ("openorganelle", {"url": f"{url}/idr"}, "is no array of an N5 or a Zarr"),
        ("openorganelle", {"url": f"{url}/n5", "chunk_mb": 4000}, "make it smaller"),
        ("flyem", {"url": f"{url}{DVID}", "memory_limit": "lots"}, "`memory_limit: lots` is no size"),
    ]  # fmt: skip
    for number, (source, params, sentence) in enumerate(cases):
        done = Loader(em, tmp_path / str(number), source, "d", **params).run()
        assert (done.returncode, sentence in done.stderr) == (1, True), (sentence, done.stderr)
        assert "Traceback" not in done.stderr
