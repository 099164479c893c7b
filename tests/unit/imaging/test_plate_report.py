"""plate-report: the table's arithmetic, and a heat map whose colours say what the numbers say."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

from platerunner_unit.imaging import drawing, heatmap

MEAN_DNA = "Intensity_MeanIntensity_DNA"
HEADER = (
    "ImageNumber,Count_Nuclei,Intensity_MeanIntensity_DNA,ExecutionTime_01LoadData,MD5Digest_DNA,FileName_DNA,"
    "Metadata_Plate,Metadata_Well,Metadata_Site"
)


def table(bench, well, rows, plate="", **values):
    lines = [f"{i},{count},{mean},{i}.5,123{i},a.tif,P1,{well},{i}" for i, (count, mean) in enumerate(rows, 1)]
    return bench.table(
        f"{plate}{well}_Image.csv", "\n".join([HEADER, *lines]) + "\n", **values, **({"plate": plate} if plate else {})
    )


def report(bench, tables, column="Count_Nuclei"):
    outputs = {"table": [bench.out("wells.csv")], "heatmap": [bench.out("heat.png")]}
    assert bench.run("plate-report", {"tables": tables}, outputs, {"column": column}) == 0
    return list(csv.reader(outputs["table"][0][0].open())), Image.open(outputs["heatmap"][0][0])


def test_sums_of_counts_means_of_the_rest(bench):
    tables = [table(bench, "B10", [(5, 0.5)]), table(bench, "B02", [(10, 0.25), (20, 0.75)])]
    rows, _ = report(bench, tables)
    assert rows == [
        ["Metadata_Plate", "Metadata_Well", "Number_Sites", "Count_Nuclei", "Mean_Count_Nuclei", MEAN_DNA],
        ["P1", "B02", "2", "30", "15", "0.5"],
        ["P1", "B10", "1", "5", "5", "0.5"],
    ]  # fmt: skip


def test_a_skipped_image_set_has_blank_cells(bench):
    rows, _ = report(
        bench, [table(bench, "A01", [(10, 0.5), ("", ""), ("nan", "nan")]), table(bench, "A02", [("", "")])]
    )
    assert rows[1:] == [["P1", "A01", "3", "10", "10", "0.5"], ["P1", "A02", "1", "", "", ""]]


def test_colours_follow_the_values(bench):
    _, picture = report(bench, [table(bench, "A01", [(0, 0.1)]), table(bench, "H12", [(100, 0.2)])])
    pixels = np.asarray(picture.convert("RGB"))
    assert tuple(pixels[112, 70]) == (0x44, 0x01, 0x54)  # the corner of A01, clear of its number
    bottom, right = 110 + 8 * 72 - 6, 64 + 12 * 72 - 6
    assert tuple(pixels[bottom, right]) == (0xFD, 0xE7, 0x25)


def test_same_tables_same_bytes_whatever_their_order(bench):
    tables = [table(bench, "A01", [(1, 0.1), (2, 0.7)]), table(bench, "A02", [(3, 0.3)])]
    report(bench, tables)
    first = [(bench.folder / "out" / name).read_bytes() for name in ("wells.csv", "heat.png")]
    report(bench, tables[::-1])
    assert [(bench.folder / "out" / name).read_bytes() for name in ("wells.csv", "heat.png")] == first


def test_an_unknown_column_names_the_nearest(bench):
    sentence = bench.refusal(
        "plate-report",
        {"tables": [table(bench, "A01", [(1, 1)])]},
        {"table": [bench.out("w.csv")]},
        {"column": "Count_Nucleus"},
    )
    assert "no numeric column `Count_Nucleus`; the nearest are Count_Nuclei" in sentence


def test_two_plates_do_not_share_a_heat_map(bench):
    tables = [
        table(bench, "A01", [(1, 1)], plate="P1"),
        table(bench, "A01", [(1, 1)], plate="P2"),
    ]
    sentence = bench.refusal(
        "plate-report", {"tables": tables}, {"heatmap": [bench.out("h.png")]}, {"column": "Count_Nuclei"}
    )
    assert "tables are of 2 (P1, P2); use `foreach: [plate]`" in sentence


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("", "it has no header line"),
        ("Count_Nuclei\n3\n", "says nothing of its well"),
        ("Metadata_Well,Count_Nuclei\n", "have no rows"),
        ("Metadata_Well,FileName_DNA\nA01,x\n", "they have no numeric column at all"),
    ],
)
def test_bad_tables(bench, text, clause):
    tables = [bench.table("Image.csv", text)]
    sentence = bench.refusal(
        "plate-report", {"tables": tables}, {"table": [bench.out("w.csv")]}, {"column": "Count_Nuclei"}
    )
    assert clause in sentence


def test_binary_junk_is_no_table(bench):
    tables = [bench.table("Image.csv", "")]
    tables[0][0].write_bytes(b"\xff\xfe\x00\x01")
    sentence = bench.refusal(
        "plate-report", {"tables": tables}, {"table": [bench.out("w.csv")]}, {"column": "Count_Nuclei"}
    )
    assert "Image.csv: cannot be read as a table" in sentence


@pytest.mark.parametrize(
    ("wells", "size"),
    [
        (["A01", "H12"], (1078, 732)),
        (["A13"], (1270, 860)),
        (["P24"], (1270, 860)),
        (["AF48"], (1462, 988)),
        (["left"], None),
    ],
)
def test_the_layout_follows_from_the_wells(wells, size):
    picture = heatmap.draw("P1", dict.fromkeys(wells, 1.0), "Count_Nuclei")
    assert size is None or picture.size == size


@pytest.mark.parametrize("value", [0.0, -3.5, 1e-9, 1e12, 12345.678])
def test_one_value_alone_has_a_colour(value):
    picture = heatmap.draw("P" * 300, {"A01": value}, "Intensity")
    assert tuple(np.asarray(picture)[112, 70]) == tuple(drawing.viridis(np.array(0.5)))
