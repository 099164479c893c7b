"""Data as no lab wants to have it: what `plan` says of each, in a sentence with a place or a file and a way out.

What only a unit can see is said by the runner: planes that differ (`tests/unit/judge/test_planes.py`), an empty plate
map (`tests/live/test_cytomining.py`), one failing well of a batch (`tests/unit/runner/test_batch.py`), and a folder
that was cut off in the middle (`tests/unit/runner/test_folders.py`).
"""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from platerunner.cli import app

SPEC = """\
version: 1
pipeline: lab
workspace: "{{ workspace_root }}/lab"
dataset:
  root: "{{ data_root }}"
  files:
    FILES
steps:
  copy:
    module: command
    image: base:latest
    foreach: [plate, well]
    inputs: {images: dataset.raw}
    with: {argv: [cp, "{inputs.images}", "{outputs.o}"]}
    outputs: {o: "o/{plate}_{well}.txt"}
"""
TABLE = "raw: {table: sheet.csv, path: path, columns: {plate: plate, well: well}}"
TWO = f"{TABLE}\n    other: {TABLE[5:].replace('sheet', 'more')}"
HEAD = b"path,plate,well\n"
PHENIX = "P1__2026-11-02T16_02_51-Measurement 1/Images"
BAD = {
    "wrong encoding": (
        TABLE,
        {"sheet.csv": HEAD + b"a.tif,P\xb5,A01\n"},
        2,
        "lab.yaml:7: dataset.raw: sheet.csv: line 2 is no UTF-8: save the table as `CSV UTF-8`",
    ),
    "another wrong encoding": (
        TABLE,
        {"sheet.csv": "path,plate,well\na.tif,P,A01\n".encode("utf-16")},
        2,
        "lab.yaml:7: dataset.raw: sheet.csv: line 1 is no UTF-8: save the table as `CSV UTF-8`",
    ),
    "wrong separator": (
        TABLE,
        {"sheet.csv": b"path|plate|well\na.tif|P|A01\n"},
        2,
        "sheet.csv has one column only, `path|plate|well`. Separate its columns by commas, tabs or semicolons.",
    ),
    "a table that names a file that is not there": (
        TABLE,
        {"sheet.csv": HEAD + b"a.tif,P,A01\nb.tif,P,A02\n", "data/a.tif": b"x"},
        0,
        "dataset.raw: 1 of the files that sheet.csv names are not there: `b.tif` (line 3)",
    ),
    "a table of another machine": (
        TABLE,
        {"sheet.csv": HEAD + b"/mnt/x/a.tif,P,A01\n"},
        2,
        'say in `prefix` what its beginning is there, like `prefix: {"/old/folder/": "folder/"}`',
    ),
    "two tables that overlap": (
        TWO,
        {"sheet.csv": HEAD + b"a.tif,P,A01\n", "more.csv": HEAD + b"a.tif,P,A01\n", "data/a.tif": b"x"},
        0,
        "copy: 1 file is in both sheet.csv and more.csv, such as `a.tif`: units get each as `images` and as `more`",
    ),
    "an index file of another export": (
        "raw: {microscope: opera-phenix, index: true}",
        {f"data/{PHENIX}/r01c01f01p01-ch1sk1fk1fl1.tiff": b"x", f"data/{PHENIX}/Index.idx.xml": b"<Other/>"},
        2,
        "Export the measurement again, move it away, or leave out `index: true`.",
    ),
    "a Zarr without metadata": (
        'raw: {folder: "{plate}_{well}.zarr"}',
        {"data/P1_A01.zarr/0/0": b"x"},
        0,
        "named as a Zarr and without metadata (`zarr.json` or `.zgroup` or `.zarray`), so that units which read it",
    ),
    "a well outside the plate": (
        'raw: "{plate}/{well:well96}.tif"',
        {"data/P1/A01.tif": b"x", "data/P1/Q30.tif": b"x"},
        0,
        "1 file matches no pattern of the dataset under",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_data_is_said_with_a_way_out(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    files, contents, code, said = BAD[name]
    (tmp_path / "data").mkdir()
    for key, content in contents.items():
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    text = SPEC.replace("FILES", files)
    if files is TWO:
        text = text.replace("dataset.raw}", "dataset.raw, more: dataset.other}")
    (tmp_path / "lab.yaml").write_text(text)
    roots = ["--data-root", str(tmp_path / "data"), "--workspace-root", str(tmp_path / "work")]
    done = CliRunner().invoke(app, ["plan", str(tmp_path / "lab.yaml"), *roots])
    assert (done.exit_code, said in done.stdout + done.stderr) == (code, True), done.output
