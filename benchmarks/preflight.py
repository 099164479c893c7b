"""What the checks before the start cost per 1,000 images, against one image set of CellProfiler.

python benchmarks/preflight.py [IMAGES]
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy
import tifffile

from platerunner_unit.cellprofiler import pipeline_file
from platerunner_unit.runner.stage import check_files

PIPELINES = Path(__file__).parents[1] / "tests" / "data" / "recorded"

# 12 image sets of 256 x 256 in two channels take CellProfiler 5 to 8 s.
UNIT_S_PER_IMAGE = 5.0 / 24


def make(folder: Path, count: int, kind: str) -> list[tuple[str, Path]]:
    """Images of a kind: whole 2 MB planes, in strips, in tiles, or compressed."""
    pixels = numpy.random.default_rng(1).integers(0, 4000, (1024, 1024), dtype="uint16")
    options = {"strips": {"rowsperstrip": 8}, "tiles": {"tile": (128, 128)}, "zlib": {"compression": "zlib"}}.get(
        kind, {}
    )
    first = folder / f"{kind}.tif"
    tifffile.imwrite(first, pixels, **options)
    files = []
    for i in range(count):
        path = folder / f"{kind}_{i}.tif"
        path.hardlink_to(first)
        files.append((path.name, path))
    return files


def pipeline_ms() -> float:
    """CPU of reading and checking a pipeline file of the recorded runs, once the table of modules is read."""
    paths = sorted(PIPELINES.glob("*/*.cppipe"))
    pipeline_file.check(pipeline_file.read(paths[0]), set())
    cpu = time.process_time()
    for path in paths:
        pipeline_file.check(pipeline_file.read(path), set())
    return 1e3 * (time.process_time() - cpu) / len(paths)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{'kind':8}{'CPU ms per 1,000':>18}{'wall ms per 1,000':>19}{'% of a typical unit':>21}")
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("plain", "strips", "tiles", "zlib"):
            files = make(Path(folder), count, kind)
            flat = {path for _, path in files}
            cpu, wall = time.process_time(), time.perf_counter()
            assert check_files(files, flat) == ()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            share = 100 * cpu / (count * UNIT_S_PER_IMAGE)
            print(f"{kind:8}{1e6 * cpu / count:18.0f}{1e6 * wall / count:19.0f}{share:21.2f}")
    print(f"a pipeline file: {pipeline_ms():.2f} ms")


if __name__ == "__main__":
    main()
