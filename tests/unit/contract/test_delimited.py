"""Tables as spreadsheets and microscopes save them: read if anybody can tell how, else refused with line and remedy."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner_unit.contract.delimited import BadTableError, read_table

PLAIN = "plate,well,note\nP1,A01,5 µM\nP1,A02,\n"
ROWS = [(2, ["P1", "A01", "5 µM"]), (3, ["P1", "A02", ""])]


def rows_of(content: bytes) -> list[tuple[int, list[str]]]:
    return list(read_table(content)[1])


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        b"\xfe\xff" + PLAIN.encode("utf-16-be"),
        PLAIN.replace(",", "\t").encode("utf-16"),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        f"{PLAIN},,\n,,\n".encode(),
    ],
    ids=["utf-8", "mark", "utf-16", "utf-16-be", "unicode text", "semicolons", "tabs", "crlf", "cr", "empty rows"],
)
def test_a_table_is_read_however_it_was_saved(content: bytes) -> None:
    assert read_table(content)[0] == ["plate", "well", "note"]
    assert rows_of(content) == ROWS


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_separator_may_be_told(first: str) -> None:
    header, rows = read_table(f"{first}\na;b,c,d\n1;2\n".encode())
    assert (header, list(rows)) == (["a", "b,c,d"], [(3, ["1", "2"])])


def test_separators_within_quotes_tell_nothing() -> None:
    header, rows = read_table(b'"dose, uM, as made, by hand";well\n1;A01\n')
    assert (header, list(rows)) == (["dose, uM, as made, by hand", "well"], [(2, ["1", "A01"])])


def test_spaces_before_a_cell_do_not_count() -> None:
    header, rows = read_table(b'path, plate, well\na.tif, P, "A01"\n')
    assert (header, list(rows)) == (["path", "plate", "well"], [(2, ["a.tif", "P", "A01"])])


def test_a_row_has_the_line_on_which_it_begins() -> None:
    assert rows_of(b'a,b\n1,"two\nlines"\n\n3,4\n') == [(2, ["1", "two\nlines"]), (5, ["3", "4"])]


@pytest.mark.parametrize(
    ("content", "said", "fixed"),
    [
        (b"", "t.csv is empty: write the names of its columns, and below them its rows", PLAIN.encode()),
        (b"\xff\xfe", "t.csv is empty: write the names", PLAIN.encode("utf-16")),
        (b"\n\na,b\n1,2\n", "t.csv begins with no header: delete what stands above the names", b"a,b\n1,2\n"),
        (
            PLAIN.encode("cp1252"),
            "t.csv: line 2 is no UTF-8: save the table as `CSV UTF-8`",
            PLAIN.encode("utf-8-sig"),
        ),
        (PLAIN.encode("utf-16-le"), "t.csv: line 2 is no UTF-8: save", PLAIN.encode()),
        ("a,b\n".encode("utf-16-le"), "t.csv is no text: save", b"a,b\n"),
        (PLAIN.encode("utf-16")[:-1], "t.csv is no whole UTF-16: save", PLAIN.encode("utf-16")),
        (
            b'a,b\n1,2\n3,"4\n5,6\n',
            "t.csv: line 3: a quote opens there and never closes: close it, or",
            b'a,b\n3,"4"\n',
        ),
        (b'a,b\n1,"' + b"x" * 200_000, "t.csv: line 2: a quote opens there and never closes: close", b'a,b\n1,"x"\n'),
        (
            b'a,b\n1,"5" plate"\n',
            "t.csv: line 2: text follows the quote that closes a cell: write a",
            b'a,b\n1,"5"""\n',
        ),
    ],
)
def test_what_is_no_table_is_said_with_a_remedy_that_works(content: bytes, said: str, fixed: bytes) -> None:
    with pytest.raises(BadTableError) as caught:
        rows_of(content)
    assert f"{caught.value.of('t.csv')}: {caught.value.remedy}".startswith(said)
    read_table(fixed)
    rows_of(fixed)


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_written_as_csv_is_read_back(rows: list[list[str]], delimiter: str, end: str) -> None:
    text = StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows([["a", "b", "c"], *rows])
    for encoding in ("utf-8", "utf-16"):
        found = [[cell.lstrip(" ") for cell in cells] for _, cells in rows_of(text.getvalue().encode(encoding))]
        assert found == [plain for row in rows if any(plain := [cell.lstrip(" ") for cell in row])]
