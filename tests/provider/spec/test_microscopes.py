"""Microscopes by name: each preset reads of its names what the instrument meant, and a listing tells its preset."""

import csv
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner.spec.derived import deriving
from platerunner.spec.loader import load_text
from platerunner.spec.microscopes import Preset, names, presets
from platerunner.spec.problems import SpecError
from platerunner.spec.recognition import recognise
from platerunner.spec.rules.patterns import unclear
from platerunner.spec.schema import schema
from platerunner_unit.contract.patterns import Pattern

FOLDER = Path(__file__).parents[4] / "shared" / "microscopes"
WHERE_THERE = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there are no listings in {FOLDER}")
# Of each listing: its preset, and what its expected parse knows from elsewhere than the names.
LISTINGS: dict[str, tuple[str, set[str]]] = {
    "perkinelmer/pyroptosis-wave2": ("opera-phenix", set()),
    "public/cpg0016-BR00117035": ("opera-phenix", set()),
    "public/BBBC021-Week10_40111": ("imagexpress", set()),
    "public/BBBC022-20585": ("imagexpress", set()),
    "public/idr0033-taoe005-41744": ("imagexpress", set()),
    "molecular_devices/celegans": ("imagexpress", set()),
    "molecular_devices/9987_Plate_3420": ("imagexpress", set()),
    "molecular_devices/9987_Plate_3434": ("imagexpress", set()),
    "molecular_devices/9987_Plate_3435": ("imagexpress", set()),
    "molecular_devices/1well-3C-2S-Zmix-T": ("imagexpress", set()),
    "molecular_devices/Projection-Mix": ("imagexpress", set()),
    "yokogawa/cv8000-minimal": ("cellvoyager", set()),
    "yokogawa/2x2_well": ("cellvoyager", {"site"}),  # the lab numbered the fields anew in the index
    "yokogawa/SingleWell2Sites_MultiZ": ("cellvoyager", set()),
    "yokogawa/SingleWell2Sites_SingleZ": ("cellvoyager", set()),
    "yokogawa/png": ("cellvoyager", set()),
    "cytiva_incell/IC6000": ("incell", set()),
    "thermo_cellomics/arrayscan": ("cellomics", set()),
    "agilent_cytation/plate5": ("cytation", set()),
    "nikon/pooled-fix-s1": ("nikon-elements", {"site"}),  # the samplesheet counts from 1, the names from 0
    "leica/matrixscreener": ("leica-matrix", {"well", "site"}),  # the stage's positions, mirrored
    "public/mitocheck-LT0001_02": ("cellcognition", set()),
}
SINGLE = {
    "W0001F0001T0001Z001C1.tif": "cq1",
    "C-02_F0001_T0001_Z0001_C01.tif": "cellvoyager-stitched",
    "MFGTMP_260306160001_A01f00d0.C01": "cellomics",
    "B2_02_SP10Z10_C1_Bright Field_T001.tif": "cytation-position",
    "images/test/HEPG2-08/Plate1/B02_s1_w1.png": "rxrx",
    "20191119-growth-p05-m2X_C03.TIF": "imagexpress",
    "101210OranePlt1_C16_w1_[9AA4D9EA-18E4-4354-8C7D-0202029A8048].tif": "imagexpress",
    "ADSAStaphInfection2_A01_w2247376DD-6ADD-442D-AE47-F54A05F3EA94.tif": "imagexpress",
    "--W00001--P00001--Z00000--T00000--cherry.tif": "scanr",
    "01_POS002_D.TIF": None,
    "VID1607_C1_2_00d00h00m.tif": "incucyte",
    "R2_MDF_green_B2_1_00d00h00m.tif": "incucyte-channel",
    "114-103-143-712-1112-3-44-159.tiff": None,
}


def test_the_listings_are_there_where_they_have_to_be():
    if os.environ.get("PLATERUNNER_REQUIRE_CORPUS"):
        found = {
            str(path.parent.relative_to(FOLDER)).removesuffix("-names") for path in FOLDER.glob("*/*/expected.csv")
        }
        assert found == set(LISTINGS)


def plain(value: Any) -> str:
    """A number without its zeros; other text as it is."""
    return str(int(value)) if str(value).isdigit() else str(value)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as table:
        return list(csv.DictReader(table))


def check(values: dict[str, Any], row: dict[str, str], untold: set[str]) -> None:
    """Every value is what is expected, where the expected parse says something."""
    for name in ({"plate", "well", "site", "z", "t"} & set(values)) - untold:
        assert not row[name] or plain(values[name]) == plain(row[name].replace("/", "_")), (row["file"], name)
    if "channel" in values and (row["channel"] or row["channel_name"]):
        assert plain(values["channel"]) in {plain(row["channel"]), row["channel_name"]}, row["file"]
    for name in {"well", "site", "channel", "z", "t"} - untold:
        assert not row[name] or name in values, (row["file"], name)


@WHERE_THERE
@pytest.mark.parametrize("listing", LISTINGS)
def test_a_listing_tells_its_microscope_and_what_its_names_mean(listing):
    preset, untold = LISTINGS[listing]
    rows = read(FOLDER / f"{listing}-names" / "expected.csv")
    fits = recognise(row["file"].removeprefix("s3://") for row in rows)
    assert {fit.preset.name for fit in fits} == {preset}
    patterns = [fit.pattern for fit in fits]
    for row in rows:
        found = [values for each in patterns if (values := each.match(row["file"].removeprefix("s3://")))]
        if "THUMBNAIL" in row["channel_name"]:
            assert found == []
        else:
            assert len(found) == 1, row["file"]
            check(found[0], row, untold)


@WHERE_THERE
@pytest.mark.parametrize("name", SINGLE)
def test_a_single_name_tells_its_microscope(name):
    [row] = [row for row in read(FOLDER / "conventions" / "single-names.csv") if row["file"].endswith(name)]
    fits = recognise([name])
    assert [fit.preset.name for fit in fits] == ([SINGLE[name]] if SINGLE[name] else [])
    for fit in fits:
        check(fit.pattern.match(name), row, set())


EXAMPLES = [
    # Names by the instruments' own documentation, beyond what the listings have.
    ("P1__2021-05-02T16_02_51-Measurement 1/Images/r16c24f102p11-ch12sk4fk1fl1.tiff", "opera-phenix",
     {"plate": "P1", "well": "P24", "site": 102, "z": 11, "channel": 12, "t": 4}),
    ("Images/r32c48f01p01-ch1sk1fk1fl1.tiff", "opera-phenix", {"well": "AF48"}),
    ("7/TimePoint_12/exp_P24_s16_w4.TIF", "imagexpress",
     {"plate": "7", "well": "P24", "site": 16, "channel": "4", "t": 12}),
    ("A01_s1_w1_z3.tif", "imagexpress-bare", {"well": "A01", "site": 1, "channel": 1, "z": 3}),
    ("prot_2026/experiment/timepoint1/prot_t1_C05_s0_w2_z7.tif", "imagexpress-hcs-ai",
     {"plate": "prot", "well": "C05", "site": 0, "channel": 2, "z": 7, "t": 1}),
    ("20260101T101010/AssayPlate_G1_P24_T0010F012L01A03Z05C04.tif", "cellvoyager",
     {"plate": "AssayPlate_G1", "well": "P24", "t": 10, "site": 12, "z": 5, "channel": 4}),
    ("p/W0384F0002T0001Z012C4.tif", "cq1", {"plate": "p", "well": "P24", "site": 2, "z": 12, "channel": 4}),
    ("P9/AF - 48(fld 9 wv Cy3 - Cy3 z 11).tif", "incell",
     {"plate": "P9", "well": "AF48", "site": 9, "channel": "Cy3 - Cy3", "z": 11, "t": 1}),
    ("B - 2(fld 1 wv UV - DAPI z 2 time 3 - 1200 ms).tif", "incell", {"well": "B02", "z": 2, "t": 3}),
    ("VID9_P24_3_2026y01m31d_09h05m.tif", "incucyte-date", {"well": "P24", "site": 3, "t": "20260131T0905"}),
    ("WE00020---B005--PO01--LO001--CO6--SL010--PX16250--PW0040--IN0020--TM246--T1375574652.tif", "acquifer",
     {"well": "B05", "site": 1, "t": 1, "channel": 6, "z": 10}),
    ("s/data/B2--W00014--P00003--Z00002--T00007--405 nm #1.tif", "scanr",
     {"plate": "s", "well": "B02", "site": 3, "z": 2, "t": 7, "channel": "405 nm #1"}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "preset", "values"), EXAMPLES, ids=[key for key, _, _ in EXAMPLES])
def test_names_by_the_instruments_documentation(key, preset, values):
    [fit] = recognise([key])
    assert fit.preset.name == preset
    assert fit.pattern.match(key).items() >= values.items()


@pytest.mark.parametrize("preset", presets().values(), ids=presets())
def test_a_preset_is_usable_in_all_its_folders(preset: Preset):
    for folder in preset.folders:
        path = preset.path("some/{batch}", folder)
        pattern = Pattern.parse(path)
        assert list(unclear(pattern)) == []
        assert deriving(pattern, preset.derived(path)).wildcards[0] == "batch"


def test_the_schema_offers_every_name():
    files = schema()["$defs"]["dataset"]["properties"]["files"]["patternProperties"]
    (alternatives,) = files.values()
    offered = alternatives["anyOf"][1]["properties"]["microscope"]["enum"]
    assert sorted(offered) == sorted(names())


@pytest.mark.slow
@given(st.lists(st.from_regex(r"[A-Za-z0-9_. -]{1,12}(/[A-Za-z0-9_. -]{1,12}){0,3}", fullmatch=True), max_size=20))
def test_any_listing_has_an_answer(keys):
    for fit in recognise(keys):
        assert any(fit.pattern.match(key) for key in keys)


SPEC = """\
version: 1
pipeline: screen
workspace: "{{{{ workspace_root }}}}/screen"
dataset:
  root: "{{{{ data_root }}}}"
  files:
    raw: {raw}
steps:
  illum:
    module: imaging.illum-calc
    foreach: [plate]
    inputs: {{images: dataset.raw}}
    outputs: {{illum: "illum/{{plate}}/Illum{{channel}}.npy"}}
"""


def loaded(raw: str) -> Any:
    return load_text(SPEC.format(raw=raw), Path("screen.yaml")).dataset.files["raw"]


def test_a_microscope_becomes_a_pattern_and_what_is_derived():
    files = loaded('{microscope: operetta, root: "{batch}/images", complete: [well, channel], derive: {id: "{plate}"}}')
    assert files.pattern.startswith("{batch}/images/{plate}__*/Images/r{row:02}c{col:02}")
    assert files.derive == {"well": "{row:letter}{col:02}", "id": "{plate}"}
    assert loaded("{microscope: cq1, wells: 384}").derive == {"well": "{well_number:nth384}"}
    assert loaded('{microscope: imagexpress, folder: "{plate}/*"}').pattern.startswith("{plate}/*/*_{well:well384}")


@pytest.mark.parametrize(
    ("raw", "column", "said"),
    [
        ("{complete: [site]}", 5, "`dataset.files.raw` has no `path`"),
        ("{microscope: phenix}", 23, "Did you mean `opera-phenix`?"),
        ('{microscope: cq1, path: "{plate}.tif"}', 28, "`path` and `microscope` both say what the files are called"),
        ('{path: "{plate}_{channel}.tif", root: x}', 42, "there is no `microscope`"),
        ("{microscope: cq1, root: s3://b/x}", 34, "is no folder under the dataset's root"),
        ('{microscope: cq1, folder: "{plate"}', 37, "a lone `{`"),
        ("{microscope: incell, wells: 96}", 31, "say which well it is, whatever the plate"),
    ],
)
def test_what_is_wrong_is_said_in_its_place(raw, column, said):
    with pytest.raises(SpecError) as error:
        loaded(raw)
    problem = error.value.problems[0]
    assert said in f"{problem.message}. {problem.remedy}"
    assert (problem.line, problem.column) == (7, column)


@pytest.mark.parametrize(("number", "form", "well"), [(1, "nth96", "A01"), (14, "nth96", "B02"), (14, "nth384", "A14"),
                                                      (384, "nth384", "P24"), (1536, "nth1536", "AF48")])  # fmt: skip
def test_numbers_of_wells_count_row_by_row(number, form, well):
    pattern = deriving(Pattern.parse("{n:int}.tif"), {"well": f"{{n:{form}}}"})
    assert pattern.match(f"{number}.tif") == {"n": number, "well": well}
    assert pattern.match(f"{0}.tif") is None
