"""Outputs: what their names promise, and what the Image table proves."""

import sqlite3

import pytest

from platerunner_unit.tools import images
from platerunner_unit.tools.image_table import ImageTable, image_table

HEADER = "Count_Nuclei,ExecutionTime_01LoadData,Group_Index,ImageNumber,ModuleError_01LoadData\n"


@pytest.fixture
def write(tmp_path):
    def write_file(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def test_image_table(write):
    found = image_table(write("X_Image.csv", HEADER + "3,0.1,1,1,0\n,,2,2,\n0,0.2,3,3,0\n4,0.1,4,4"))
    assert found == ImageTable((1, 3), (2, 4))


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "ImageNumber,ObjectNumber,Group_Index\n1,1,1\n", "\x00\x01"])
def test_other_tables_prove_nothing(write, content):
    assert image_table(write("x.csv", content)) is None


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", "", "is empty (0 bytes)"),
        ("a.csv", "\n\n", "has no header"),
        ("a.csv", HEADER, "has a header but no image set"),
        ("a.csv", "ImageNumber,ObjectNumber\n", None),
        ("a.csv", "a,b\n1,2\n", None),
        ("a.csv", "a,b\n1,2", None),
        ("a.csv", "a,b\n1,2\n\0\0", "has NUL bytes: it was not written whole"),
        ("a.csv", b"a,b\n" + b"1,2\n" * 400_000 + b"\0", "has NUL bytes: it was not written whole"),
        ("a.csv", "a,b\n1,2\n".encode("utf-16"), None),
        ("a.csv", "ImageNumber,ObjectNumber\n1,2\n1,", "ends within a line: it was not written to its end"),
        ("a.npy", "junk, long enough", "is named as a NumPy file, but is none"),
        ("a.db", "junk", "is named as an SQLite database, but is none"),
        ("a.h5", "junk", "is named as an HDF5 file, but is none"),
        ("a.h5", b"\x89HDF\r\n\x1a\n", None),
        ("a.txt", "anything", None),
        ("a.tiff", "junk, long enough", "is named as a TIFF file, but is none"),
    ],
)
def test_problem(write, name, content, problem):
    assert images.problem(write(name, content)) == problem


def test_a_database(tmp_path):
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as database:
        database.execute("create table a (b)")
    assert images.problem(path) is None
