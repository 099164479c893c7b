"""association-batches: each table's rows in lists of so many, none twice and none left out, and what is refused."""

from __future__ import annotations

import sqlite3

import pytest

PVAR = "##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\n" + "".join(f"1\t{i}\trs{i}\tA\tG\n" for i in range(1, 8))
BIM = "".join(f"1 rs{i} 0 {i} A G\n" for i in range(1, 8))
NAMES = [f"rs{i}" for i in range(1, 8)]
PEOPLE = [f"F{i}\tI{i}" for i in range(1, 8)]
TABLES = {
    "a.pvar": (PVAR, NAMES),
    "without_header.pvar": (BIM, NAMES),
    "a.bim": (BIM, NAMES),
    "a.fam": ("".join(f"F{i} I{i} 0 0 1 -9\n" for i in range(1, 8)), PEOPLE),
    "both.psam": ("#FID\tIID\tSEX\n" + "".join(f"F{i}\tI{i}\t1\n" for i in range(1, 8)), PEOPLE),
    "person.psam": ("#IID\tSEX\n" + "".join(f"I{i}\t1\n" for i in range(1, 8)), [f"I{i}" for i in range(1, 8)]),
    "a.sample": ("ID_1 ID_2 missing\n0 0 0\n" + "".join(f"F{i} I{i} 0\n" for i in range(1, 8)), PEOPLE),
}


def batches(bench, table, size):
    """The lists in the order of their numbers."""
    assert bench.run("association-batches", {"table": [table]}, {}, {"size": size}) == 0
    written = sorted((bench.folder / "out").iterdir(), key=lambda path: int(path.stem.removeprefix("batch_")))
    assert [path.name for path in written] == [f"batch_{i}.txt" for i in range(1, len(written) + 1)]
    return [path.read_text().splitlines() for path in written]


@pytest.mark.parametrize("name", TABLES)
def test_each_kind_of_table(bench, name):
    text, rows = TABLES[name]
    assert batches(bench, bench.table(name, text), 3) == [rows[:3], rows[3:6], rows[6:]]


@pytest.mark.parametrize(("size", "number"), [(1, 7), (7, 1), (8, 1), (6, 2)])
def test_as_many_as_the_size_makes(bench, size, number):
    found = batches(bench, bench.table("a.bim", BIM), size)
    assert len(found) == number
    assert [name for each in found for name in each] == NAMES


def test_an_index_of_a_bgen_is_read_in_the_order_of_the_file(bench):
    path = bench.folder / "chr1.bgen.bgi"
    with sqlite3.connect(path) as index:
        index.execute("CREATE TABLE Variant (chromosome TEXT, position INT, rsid TEXT, file_start_position INT)")
        index.executemany("INSERT INTO Variant VALUES ('1', ?, ?, ?)", [(i, f"rs{i}", i) for i in (3, 1, 2)])
    assert batches(bench, (path, {}), 2) == [["rs1", "rs2"], ["rs3"]]


def test_rows_of_one_name_stay_together(bench):
    table = bench.table("a.bim", "1 a 0 1 A G\n1 b 0 2 A G\n1 b 0 2 A T\n1 b 0 2 A C\n1 c 0 3 A G\n")
    assert batches(bench, table, 2) == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.bim", "1 b 0 1 A G\n1 a 0 2 A G\n1 b 0 3 A G\n", "`b` in rows that do not stand together"),
        ("a.bim", "1 . 0 1 A G\n", "without a name"),
        ("a.pvar", "#CHROM\tPOS\tID\n", "names nothing"),
        ("a.bim", "1 rs1 0 1 A G\n1\n", "line 2: fewer than 3 columns"),
        ("a.pvar.zst", "x", "unpack packed ones"),
        ("a.bgi", "no database", "no index of a BGEN"),
    ],
)
def test_what_is_refused(bench, name, text, said):
    assert said in bench.refusal("association-batches", {"table": [bench.table(name, text)]}, {}, {"size": 2})


def test_bytes_that_are_no_text(bench):
    path = bench.folder / "a.pvar"
    path.write_bytes(b"\x28\xb5\x2f\xfd\x00")
    assert "is no text" in bench.refusal("association-batches", {"table": [(path, {})]}, {}, {"size": 2})


@pytest.mark.parametrize("size", [0, "many", None])
def test_a_size_that_is_none(bench, size):
    refusal = bench.refusal("association-batches", {"table": [bench.table("a.bim", BIM)]}, {}, {"size": size})
    assert "`size`" in refusal
