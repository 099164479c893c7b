"""`platerunner new cell-painting`: from a samplesheet as labs have it to a spec that plans."""

import csv
import gzip

import pytest
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.cli.cell_painting import DYES
from platerunner.spec.loader import load_pipeline


@pytest.fixture
def new(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    return lambda *args: CliRunner().invoke(app, ["new", *args])


def tall(path, *, channels=DYES, wells=("A01", "A02"), extra=None):
    """A samplesheet, and an empty file for each of its rows."""
    rows = [
        {
            "path": f"images/{w}_{c}.tiff",
            "plate": "P1",
            "well": w,
            "site": "1",
            "channel": c,
            **(extra or (lambda _: {}))(w),
        }
        for w in wells
        for c in channels
    ]
    for row in rows:
        image = path.parent / row["path"]
        image.parent.mkdir(exist_ok=True)
        image.write_bytes(b"")
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def treated(well):
    return {"treatment": "DMSO" if well == "A01" else "drug 7"}


def test_a_tall_sheet_with_treatments_becomes_a_spec_a_plate_map_and_a_plan(new, tmp_path):
    done = new("cell-painting", tall(tmp_path / "sheet.csv", extra=treated), "--out", "screen", "--control", "DMSO")
    assert done.exit_code == 0, done.output
    assert "analysis: 0 done, 2 pending" in done.stdout
    assert "selected: 0 done, 1 pending" in done.stdout
    pipeline = load_pipeline(tmp_path / "screen/screen.yaml")
    assert pipeline.warnings == ()
    assert pipeline.params["controls"]["default"] == "Metadata_treatment == 'DMSO'"
    assert (
        tmp_path / "screen/platemap.csv"
    ).read_text() == "plate,well_position,treatment\nP1,A01,DMSO\nP1,A02,drug 7\n"
    assert len(list((tmp_path / "screen/pipelines").glob("*.cppipe"))) == 4


def test_the_microscopes_channels_are_named_and_others_left_out(new, tmp_path):
    channels = ("w1", "w2", "w3", "w4", "w5", "Brightfield")
    named = [f"--channel={channel}={dye}" for channel, dye in zip(channels, DYES, strict=False)]
    done = new("cell-painting", tall(tmp_path / "sheet.csv", channels=channels), "--out", "screen", *named)
    assert done.exit_code == 0, done.output
    assert "no column `treatment`" in done.stdout
    assert "illum_apply: 0 done, 2 pending" in done.stdout
    assert "selected: left out, since its `when` does not hold." in done.stdout
    files = load_pipeline(tmp_path / "screen/screen.yaml").dataset.files["painting"]
    assert files.rename["channel"] == dict(zip(channels, DYES, strict=False))


def test_loaddata_with_urls_has_the_bucket_as_its_root(new, tmp_path):
    rows = ["Metadata_Plate,Metadata_Well,Metadata_Site," + ",".join(f"URL_Orig{dye}" for dye in DYES)]
    rows += [f"P1,{w},1," + ",".join(f"s3://lab/screen/{w}_{dye}.tiff" for dye in DYES) for w in ("A01", "A02")]
    (tmp_path / "load_data.csv").write_text("\n".join(rows) + "\n")
    new("cell-painting", "load_data.csv", "--out", "screen")
    dataset = load_pipeline(tmp_path / "screen/screen.yaml").dataset
    assert dataset.root == "s3://lab/screen"


def test_the_layout_of_the_gallery_is_an_option(new, tmp_path):
    done = new("cell-painting", tall(tmp_path / "sheet.csv", extra=treated), "--out", "screen", "--gallery", "B1")
    assert done.exit_code == 0, done.output
    steps = load_pipeline(tmp_path / "screen/screen.yaml").steps
    written = {output.pattern for step in steps.values() for output in getattr(step, "outputs", {}).values()}
    assert {
        "analysis/B1/{plate}/analysis/{plate}-{well}/Cells.csv",
        "backend/B1/{plate}/{plate}.parquet",
        "profiles/B1/{plate}/{plate}.csv.gz",
        "profiles/B1/{plate}/{plate}_augmented.csv.gz",
        "profiles/B1/{plate}/{plate}_normalized.csv.gz",
        "profiles/B1/{plate}/{plate}_normalized_feature_select_batch.csv.gz",
        "consensus/B1/consensus.csv.gz",
    } <= written
    assert not any(text.startswith(("profiles/{plate}", "features/")) or "@" in text for text in written)


@pytest.mark.parametrize(
    ("sheet", "options", "sentence"),
    [
        (
            {"channels": DYES[:4]},
            (),
            "No channel shows Mito; the samplesheet has DNA, ER, RNA, AGP. Name them: --channel",
        ),
        ({}, ("--treatment", "drug"), "The samplesheet has no column `drug` of treatments; there are no others."),
        ({"extra": treated}, ("--control", "PBS"), "No row has `PBS` as its treatment, so there is no control."),
        ({}, ("--out", "."), ". is there already. Delete it, or name another with --out."),
    ],
)
def test_a_sheet_that_does_not_do_is_refused_and_nothing_is_written(new, tmp_path, sheet, options, sentence):
    done = new("cell-painting", tall(tmp_path / "sheet.csv", **sheet), *options)
    assert done.exit_code == 2, done.output
    assert sentence in " ".join(done.stderr.split())
    assert not (tmp_path / "sheet").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "sheet.csv is empty: write the names of its columns"),
        (b"path,plate\n", "sheet.csv has no row. Write one for each file below the header."),
        (b"path,plate\na.tif,P1\nb.tif\n", "sheet.csv: line 3 has 1 cells, the header 2. Fix the table."),
        (
            b'path,plate\n"a.tif,P1\n',
            "sheet.csv: line 2: a quote opens there and never closes: close it, or delete it.",
        ),
        (b"path,plate\na.tif,P\xb5\n", "sheet.csv: line 2 is no UTF-8: save the table as `CSV UTF-8`."),
        (gzip.compress(b"path,plate\na.tif,P1\n", mtime=0)[:-9], "sheet.csv.gz is no whole gzip file"),
        (None, "sheet.csv cannot be read: No such file or directory. Name a samplesheet."),
    ],
)
def test_a_sheet_that_cannot_be_read_is_said_with_its_line(new, tmp_path, content, sentence):
    name = "sheet.csv.gz" if content is not None and content.startswith(b"\x1f\x8b") else "sheet.csv"
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = new("cell-painting", name)
    assert done.exit_code == 2, done.output
    assert sentence in " ".join(done.stderr.split())
    assert not (tmp_path / "sheet").exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_sheet_is_read_however_it_was_saved(new, tmp_path, encoding):
    sheet = tmp_path / "sheet.csv"
    tall(sheet)
    sheet.write_text(sheet.read_text().replace(",", "\t"), encoding=encoding)
    done = new("cell-painting", "sheet.csv")
    assert done.exit_code == 0, done.output
    assert "analysis: 0 done, 2 pending" in done.stdout


def test_a_table_after_a_folder_is_refused(new, tmp_path):
    done = new("images", tall(tmp_path / "sheet.csv"))
    assert done.exit_code == 2
    assert "write `new cell-painting" in " ".join(done.stderr.split())
