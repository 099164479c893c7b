"""The page of a gate: heat maps and alignment of tables, plates as they lie, names that mean no harm, its size."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from platerunner_unit.imaging import alignment
from platerunner_unit.imaging.alignment import Limits, Site
from platerunner_unit.imaging.page import Page, Section
from platerunner_unit.imaging.tables import Row

TABLE = """ImageNumber,Metadata_Plate,Metadata_Well,Metadata_Site,Count_Cells,ModuleError_03Identify
1,P1,A01,1,10,0
2,P1,A01,2,5,1
3,P1,B02,1,7,0
"""
CYCLES = """ImageNumber,Metadata_Well,Metadata_Site,Align_Xshift_Cycle02_DAPI,Align_Yshift_Cycle02_DAPI,\
Align_Xshift_Cycle03_DAPI,Align_Yshift_Cycle03_DAPI,Correlation_Correlation_Cycle01_DAPI_Cycle02_DAPI,\
Correlation_Correlation_Cycle01_DAPI_Cycle03_DAPI,Correlation_Correlation_Cycle02_DAPI_Cycle03_DAPI
1,A01,1,-3,2,0,-60,0.99,0.95,0.1
2,A01,2,0,0,1,1,0.5,0.97,0.1
3,A02,1,0,0,1,1,,nan,0.1
"""


def images(bench, wells=("A01", "B02"), channels=("DNA",), size=64, plate="P1"):
    pixels = np.random.default_rng(3).integers(100, 900, (size, size)).astype(np.uint16)
    return [
        bench.image(f"{well}_{channel}.tif", pixels, plate=plate, well=well, site=1, channel=channel)
        for well in wells
        for channel in channels
    ]


def report(bench, inputs, **params):
    outputs = {"page": [bench.out("report.html")], "numbers": [bench.out("numbers.json")]}
    assert bench.run("montage", inputs, outputs, params) == 0
    return outputs["page"][0][0].read_text(), json.loads(outputs["numbers"][0][0].read_text())


def pictures(html):
    found = re.findall(r'alt="([^"]*)"[^>]*src="data:image/png;base64,([^"]+)"', html)
    return {name: Image.open(io.BytesIO(base64.b64decode(data))) for name, data in found}


def test_columns_become_heat_maps_and_numbers_for_checks(bench):
    inputs = {"images": images(bench), "tables": [bench.table("Image.csv", TABLE)]}
    html, numbers = report(bench, inputs, columns=["Count_Cells", "Failures"])
    assert numbers["columns"]["Count_Cells"]["P1"] == {"wells": 2, "min": 7, "median": 11, "max": 15}
    assert numbers["columns"]["Failures"]["P1"]["max"] == 1
    assert {"Count_Cells over plate P1", "Failures over plate P1"} <= set(pictures(html))
    assert numbers["left_out"] == []


def test_a_column_that_is_not_there_names_the_nearest(bench):
    inputs = {"images": images(bench), "tables": [bench.table("Image.csv", TABLE)]}
    sentence = bench.refusal("montage", inputs, {"page": [bench.out("r.html")]}, {"columns": ["Count_Cell"]})
    assert "no numeric column `Count_Cell`; the nearest are Count_Cells" in sentence


def test_cycles_that_do_not_lie_on_each_other_are_counted_and_named(bench):
    html, numbers = report(bench, {"tables": [bench.table("Align_Image.csv", CYCLES, plate="P1")]})
    assert numbers["alignment"] == {
        "Cycle02_DAPI": {"sites": 3, "largest_shift": 3, "lowest_correlation": 0.5, "misaligned": 1},
        "Cycle03_DAPI": {"sites": 3, "largest_shift": 60, "lowest_correlation": 0.95, "misaligned": 1},
        "misaligned_sites": 2,
    }
    assert "shifts of at most 50 pixels, correlations of at least 0.9. 2 sites are beyond that" in html
    assert html.index("<td>Cycle03_DAPI</td><td>60") < html.rindex("<td>Cycle02_DAPI</td>"), "the worst first"
    _, wide = report(bench, {"t": [bench.table("A.csv", CYCLES, plate="P1")]}, max_shift=60, min_correlation=0.5)
    assert wide["alignment"]["misaligned_sites"] == 0


def test_tables_of_objects_and_tables_nobody_asked_for_are_left_alone(bench):
    objects = bench.table("Cells.csv", "ImageNumber,ObjectNumber,Align_Xshift_A\n1,1,9\n")
    _, numbers = report(bench, {"images": images(bench), "t": [objects, bench.table("Image.csv", TABLE)]})
    assert "columns" not in numbers
    assert "alignment" not in numbers
    assert numbers["left_out"] == ["2 inputs are no pictures (Cells.csv, Image.csv)."]


def test_wells_lie_where_they_lie_on_the_plate(bench):
    black = bench.image("A01.tif", np.zeros((64, 64), np.uint16), plate="P1", well="A01", site=1, channel="DNA")
    white = bench.image("B03.tif", np.full((64, 64), 9, np.uint16), plate="P1", well="B03", site=1, channel="DNA")
    html, _ = report(bench, {"images": [black, white]})
    sheet = np.asarray(pictures(html)["DNA, as on the plate"].convert("L"))
    side = (sheet.shape[1] - 26) // 3
    assert sheet[26 + side // 2, 26 + side // 2] == 0
    assert sheet[26 + side + side // 2, 26 + 2 * side + side // 2] == 255
    assert sheet.shape[0] == 26 + 2 * side, "two rows, three columns"


def test_names_are_text_and_nothing_else(bench):
    evil = "<script>alert(1)</script>"
    html, _ = report(
        bench, {"images": images(bench, channels=(evil.replace("/", "\N{FRACTION SLASH}"),), plate='"><b>')}
    )
    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
    assert "default-src 'none'" in html


@pytest.mark.slow
def test_a_plate_of_384_wells_with_five_channels_stays_under_20_mb(bench):
    wells = [f"{chr(65 + row)}{column:02d}" for row in range(16) for column in range(1, 25)]
    html, _ = report(bench, {"images": images(bench, wells, ("DNA", "ER", "RNA", "AGP", "Mito"), 48)})
    assert len(html.encode()) < 20_000_000
    assert len([name for name in pictures(html) if name.endswith("as on the plate")]) == 5


def test_pictures_beyond_the_limit_are_left_out_and_told():
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (400, 400), dtype=np.uint8))
    page = Page("P", "s", sections=[Section("first", picture=noise), Section("second", picture=noise)])
    html = page.html(limit=400_000)
    assert list(pictures(html)) == ["first"]
    assert "Left out, to keep this page small: second." in html
    assert len(html) < 400_000


@pytest.mark.parametrize(
    ("shift", "correlation", "aligned"), [(50, 0.9, True), (51, 1, False), (0, 0.89, False), (0, None, True)]
)
def test_the_limits_themselves_are_good(shift, correlation, aligned):
    assert Site("P", "A01", "1", "C2", shift, correlation).aligned(Limits(50, 0.9)) is aligned


def test_a_correlation_with_a_reference_written_second_counts():
    row = Row("P", "A01", "1", {"Align_Xshift_C2": 1, "Align_Yshift_C2": -4, "Correlation_Correlation_C2_C1": 0.7})
    assert alignment.sites([row]) == [Site("P", "A01", "1", "C2", 4, 0.7)]
