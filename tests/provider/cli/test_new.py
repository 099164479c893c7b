"""`platerunner new`: a folder's microscope, its counts, and a first spec that plans."""

import itertools

import numpy as np
import pytest
import tifffile
from tests.provider.engine.planning.s3 import s3_bucket
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.spec.loader import load_pipeline
from platerunner_unit.contract.storage import Storage

PHENIX = [
    f"batch/{plate}__2026-11-02T16_02_51-Measurement 1/Images/r{row:02}c02f{site:02}p01-ch{channel}sk1fk1fl1.tiff"
    for plate, row, site, channel in itertools.product(("P1", "P2"), (2, 3), (1, 2, 3), (1, 2))
]


@pytest.fixture(params=["folder", "s3"])
def data(request, tmp_path):
    if request.param == "folder":
        yield Storage(str(tmp_path / "2026 {{ screen }}"))
    else:
        with s3_bucket() as bucket:
            yield Storage(f"s3://{bucket}/screens/2026")


@pytest.fixture
def new(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    return lambda *args: CliRunner().invoke(app, ["new", *args])


def filled(data, keys):
    for key in keys:
        data.put(key, b"x")
    return data.url.removeprefix("file://")


def test_a_folder_becomes_a_spec_that_plans(new, data, tmp_path):
    done = new(filled(data, [*PHENIX, "batch/notes.txt"]), "--out", "first.yaml", "--channel", "1=DNA")
    assert done.exit_code == 0, done.output
    assert "Opera Phenix" in done.stdout
    assert "2 plates, 3 sites, 2 channels, 1 plane, 1 time point, 4 wells, 24 files" in done.stdout
    assert "illum: 0 done, 2 pending, 0 waiting, 0 excluded" in done.stdout
    assert "1 other file under" in done.stderr
    assert "what channel 2 shows" in done.stderr
    pipeline = load_pipeline(tmp_path / "here/first.yaml")
    assert pipeline.warnings == ()
    assert pipeline.dataset.files["raw"].rename == {"channel": {"1": "DNA"}}


def test_nothing_is_overwritten(new, data):
    folder = filled(data, PHENIX)
    assert new(folder, "--out", "a.yaml").exit_code == 0
    again = new(folder, "--out", "a.yaml")
    assert (again.exit_code, "a.yaml is there already" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["r02c03f01p01-ch1sk1fk1fl1.tiff"], "The names do not tell the plate: the folder's name `Plate 7` is taken"),
        (
            ["Images/r02c03f01p01-ch1sk1fk1fl1.tiff"],
            "The names do not tell the plate: the folder's name `Plate 7` is taken",
        ),
        (["data/B6--W00018--P00001--Z00000--T00000--DAPI.tif"], "the folder's name `Plate 7` is taken"),
        (["W0100F0001T0001Z001C1.tif"], "a plate is taken to have 384"),
        (["A01_01_1_1_DAPI_001.tif"], "what channel 1 shows"),
    ],
)
def test_what_names_do_not_tell_is_said(new, tmp_path, keys, said):
    done = new(filled(Storage(str(tmp_path / "Plate 7")), keys))
    assert done.exit_code == 0, done.output
    assert said in done.stderr
    assert "plate=Plate 7: new" in done.stdout


def test_projections_and_planes_become_two_file_sets(new, tmp_path):
    guid = "E94C24BD-45E4-450A-9919-257C714278F7"
    folder = "mix/2023-02-21/1334"
    keys = [f"{folder}/{part}mix_E07_s1_w1{end}" for part in ("", "ZStep_1/", "ZStep_2/")
            for end in (f"{guid}.tif", f"_thumb{guid}.tif")]  # fmt: skip
    done = new(filled(Storage(str(tmp_path / "screen")), keys))
    assert done.exit_code == 0, done.output
    assert set(load_pipeline(tmp_path / "here/screen.yaml").dataset.files) == {"raw", "raw2"}
    assert "3 other files under" in done.stderr


def test_what_no_microscope_wrote_is_refused_with_what_to_do(new, tmp_path):
    done = new(filled(Storage(str(tmp_path / "own")), ["image one.tif", "b.png"]))
    assert (done.exit_code, "None of the 2 files under" in done.stderr) == (2, True)
    assert "`path` of your own" in done.stderr
    assert not (tmp_path / "here/own.yaml").exists()


def test_an_empty_folder_is_said_to_be_empty(new, tmp_path):
    (tmp_path / "empty").mkdir()
    done = new(str(tmp_path / "empty"))
    assert (done.exit_code, "There is no file under" in done.stderr) == (2, True)


@pytest.mark.parametrize("folder", ["nowhere", "s3://no-such-bucket-here/x", "ftp://x/y"])
def test_a_folder_that_is_not_there_ends_in_a_sentence(new, folder):
    with s3_bucket():
        done = new(folder)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


@pytest.mark.parametrize("channel", ["DNA", "=x", "1="])
def test_a_channel_without_its_name_is_refused(new, tmp_path, channel):
    done = new(filled(Storage(str(tmp_path / "p")), PHENIX), "--channel", channel)
    assert (done.exit_code, "like `--channel 1=DNA`" in done.stderr) == (2, True)


ENTRY = "<Map><Entry ChannelID='{n}'><ChannelName>{name}</ChannelName></Entry></Map>"
IMAGE = "<Image><ChannelID>{n}</ChannelID><ChannelName>{name}</ChannelName></Image>"
HTD = '"HTSInfoFile", Version 1.0\r\n"Description", "\xb5"\r\n"WaveName1", "DAPI"\r\n"WaveName2", "Texas Red"\r\n'


@pytest.mark.parametrize(
    ("first", "second", "rename"),
    [
        (("HOECHST 33342", "488 long"),) * 2 + ({"1": "HOECHST_33342", "2": "488_long"},),
        (("DAPI", "DAPI"),) * 2 + ({},),  # nobody could tell the two apart
        (("DAPI", "FITC"), ("FITC", "DAPI"), {}),  # plates differ
    ],
)
@pytest.mark.parametrize("form", [f"<x><Images>{IMAGE}*</Images></x>", f"<x><Maps>{ENTRY}*</Maps></x>"])
def test_an_index_tells_what_channels_are_called(new, tmp_path, form, first, second, rename):
    data = Storage(str(tmp_path / "screen"))
    for plate, names in (("P1", first), ("P2", second)):
        before, one, after = form.partition("<Image>" if "<Image>" in form else "<Map>")
        record, _, end = (one + after).partition("*")
        text = before + "".join(record.format(n=n, name=name) for n, name in enumerate(names, 1)) + end
        data.put(f"batch/{plate}__2026-11-02T16_02_51-Measurement 1/Images/Index.idx.xml", text.encode())
    done = new(filled(data, PHENIX))
    assert done.exit_code == 0, done.output
    written = load_pipeline(tmp_path / "here/screen.yaml").dataset.files["raw"].rename
    assert written == ({"channel": rename} if rename else {})
    assert ("Index.idx.xml tells what channels show" in done.stderr) == bool(rename)


def test_an_htd_tells_what_wavelengths_are_called(new, tmp_path):
    data = Storage(str(tmp_path / "screen"))
    data.put("P1/P1.HTD", HTD.encode("latin-1"))
    done = new(filled(data, ["P1/P1_A01_s1_w1.TIF", "P1/P1_A01_s1_w2.TIF"]), "--channel", "2=actin")
    assert done.exit_code == 0, done.output
    renamed = load_pipeline(tmp_path / "here/screen.yaml").dataset.files["raw"].rename
    assert renamed == {"channel": {"1": "DAPI", "2": "actin"}}


@pytest.mark.slow
def test_the_first_spec_runs_as_it_is(new, tmp_path):
    folder = tmp_path / "screen"
    for key in PHENIX:
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(folder / key, np.full((8, 8), 100, np.uint16))
    assert new(str(folder)).exit_code == 0
    done = CliRunner().invoke(app, ["run", "--local", "screen.yaml", "--workspace-root", str(tmp_path / "work")])
    assert done.exit_code == 0, done.output
    written = sorted(path.relative_to(tmp_path / "work/screen/illum") for path in (tmp_path / "work").rglob("*.npy"))
    assert [str(path) for path in written] == [f"{p}/{p}_Illum{c}.npy" for p in ("P1", "P2") for c in (1, 2)]
