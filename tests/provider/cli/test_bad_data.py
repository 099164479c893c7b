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
        {"sheet.csv": "path,plate,well\na.tif,P,A01\n".encode("utf-16-le")},
        2,
        "lab.yaml:7: dataset.raw: sheet.csv is no text: save the table as `CSV UTF-8`",
    ),
    "a quote that is never closed": (
        TABLE,
        {"sheet.csv": HEAD + b'a.tif,P,A01\n"b.tif,P,A02\n'},
        2,
        "lab.yaml:7: dataset.raw: sheet.csv: line 3: a quote opens there and never closes: close it, or delete it",
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
        "If `/mnt/x/` is the root, write `prefix: {'/mnt/x/': ''}`; if it is a folder there, its path in place of",
    ),
    "a well that no plate of the size has, in a table": (
        f'{TABLE[:-1]}, derive: {{place: "{{well:well384}}"}}}}',
        {"sheet.csv": HEAD + b"a.tif,P,A01\nb.tif,P,Q25\n", "data/a.tif": b"x", "data/b.tif": b"x"},
        2,
        "sheet.csv: line 3: `derive` makes nothing of it: `Q25` is not usable as a well of a 384-well plate",
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


PROFILES = """\
version: 1
pipeline: lab
workspace: "{{ workspace_root }}/lab"
params: {map: {type: string, default: map.csv}}
dataset:
  root: "{{ data_root }}"
  files: {cells: "{plate}.parquet"}
steps:
  profiles:
    module: cytomining.profiles
    foreach: [plate]
    inputs: {cells: dataset.cells}
    with: {platemap: NAME}
    outputs: {normalized: "{plate}_normalized.parquet"}
"""


@pytest.mark.parametrize("name", ["map.csv", '"{{ params.map }}"'])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"well,treatment\n", "`map.csv` has no row. Write one for each well."),
        (b"", "`map.csv` is empty. Write the names of its columns, and below them its rows."),
        (b"well,x\nA01,1\nA1,2\n", "`map.csv`: line 3: A01 is in line 2, too. Leave one row of each well."),
        (b"well,x\nA01,1\n", None),
    ],
)
def test_a_plate_map_that_is_none_is_said_before_the_hours_that_come_before_it(
    name: str, content: bytes, said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/P1.parquet").write_bytes(b"x")
    (tmp_path / "map.csv").write_bytes(content)
    (tmp_path / "lab.yaml").write_text(PROFILES.replace("NAME", name))
    roots = ["--data-root", str(tmp_path / "data"), "--workspace-root", str(tmp_path / "work")]
    done = CliRunner().invoke(app, ["plan", str(tmp_path / "lab.yaml"), *roots])
    assert done.exit_code == (2 if said else 0), done.output
    assert said is None or said in " ".join((done.stdout + done.stderr).split())
    assert said is None or "lab.yaml:13" in done.stdout + done.stderr
