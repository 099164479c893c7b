from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from platerunner.documents import reader
from platerunner.documents.problems import DocumentError, Problem, nearest, suggest
from platerunner.documents.pure_parser import PureParser
from platerunner.documents.reader import CoreResolver, parse
from platerunner.documents.source import Position

FILE = Path("x.yaml")
SPEC = Path(__file__).parents[1] / "spec"


def data(text):
    return parse(text, FILE).data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0512", 512),
        ("'0512'", "0512"),
        ("0o17", 15),
        ("0x1F", 31),
        ("1:30", "1:30"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("2026-11-21", "2026-11-21"),
        ("!!str 5", "5"),
        ("=", "="),
    ],
)
def test_plain_scalars_by_the_core_schema_of_yaml_1_2(text, expected):
    value = data(f"a: {text}\n")["a"]
    assert value == expected
    assert type(value) is type(expected)


def test_keys_are_text_as_written():
    assert data("0512: a\ntrue: b\nNO: c\n") == {"0512": "a", "true": "b", "NO": "c"}


def test_places_of_keys_values_and_items():
    source = parse("a:\n  b: [x, 'y']\n", FILE)
    assert source.mark(("a", "b")).key == Position(2, 3)
    assert source.mark(("a", "b")).value == Position(2, 6)
    assert source.mark(("a", "b", 1)).value == Position(2, 10)
    assert source.mark(("a", "nothing")).key == Position(1, 1)


@pytest.mark.parametrize(("text", "column"), [("a: xyz", 6), ("a: 'xyz'", 7), ('a: "xyz"', 7), ("a: [xyz]", 7)])
def test_places_inside_text(text, column):
    source = parse(text, FILE)
    keys = ("a", 0) if "[" in text else ("a",)
    assert source.inside(keys, 2) == Position(1, column)


def test_places_inside_text_with_escapes_are_its_beginning():
    assert parse('a: "x\\ty"', FILE).inside(("a",), 2) == Position(1, 4)


def test_an_alias_stands_for_its_anchor():
    assert data("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}


def test_windows_line_ends_and_a_byte_order_mark():
    assert parse("\ufeffa: 1\r\nb: 2\r\n".encode(), FILE).data == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: \xff", "x.yaml:1:4: not UTF-8 text. Save the file as UTF-8."),
        ("a: 1\n".encode("utf-16"), "x.yaml:1:1: not UTF-8 text"),
        (b"a: 1\nb: \x00", "x.yaml:2:4: a control character (U+0000)"),
        (b"a" * (1 << 21), "x.yaml:1:1: larger than 1 MiB"),
        ("a: \ud800", "not UTF-8 text"),
        ("a: " + "[" * 100 + "]" * 100, "x.yaml:1:1: nested deeper than 64 levels"),
        ("a: 1" + "0" * 5000, "is not a number that can be used"),
        ("a: !!int x", "`x` is not a number that can be used"),
        ("!!set {a}", "the tag `!!set` is not allowed"),
        ("a: !!binary aGk=", "the tag `!!binary` is not allowed"),
        ("a: !!timestamp 2026-11-21", "the tag `!!timestamp` is not allowed"),
    ],
)
def test_what_is_refused(content, message):
    with pytest.raises(DocumentError) as raised:
        parse(content, FILE)
    assert message in str(raised.value)


DEEPER = "begins further right than line {}, which has a value already. Begin both in one column."
COLUMN = "no line above begins in its column. Begin it in the column of {}."


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\n  b: 2\n", 2, DEEPER.format(1)),
        ("s:\n  a: [1]\n    b: 2\n", 3, DEEPER.format(2)),
        ("s:\n  a: {b: 1}\n    c:\n      d: 2\n", 3, DEEPER.format(2)),
        ("s:\n    a: [1]\n   b: 2\n", 3, COLUMN.format("`a` (line 2) or `s` (line 1)")),
        ("s:\n  a:\n    b:\n      c: 1\n\n # x\n   d: 2\n", 7, COLUMN.format("`b` (line 3) or `a` (line 2)")),
        ("s:\n  a: 1\n\xa0 b: 2\n  c: 3\n", 3, "indented by something else than blanks. It has a character that"),
        ("s:\n\u3000 a: 1\n  c: 3\n", 2, "(U+3000, ideographic space): delete it, or type a blank"),
        ("title: a: b\n", 1, "a `:` where no key can stand. Put quotes"),
        ("s:\n  a:\n    b: 1\n  - c\n", 4, "this does not continue the block above. Check the indentation."),
    ],
)
def test_a_line_that_begins_in_a_wrong_column_is_told_where_to_begin(text, line, said):
    with pytest.raises(DocumentError) as raised:
        parse(text, FILE)
    assert [problem.line for problem in raised.value.problems] == [line]
    assert said in str(raised.value)


def test_all_problems_come_at_once_in_order_each_once():
    with pytest.raises(DocumentError) as raised:
        parse("a: !x 1\nb: .nan\na: 2\n", FILE)
    assert [(p.line, p.code) for p in raised.value.problems] == [
        (1, "foreign-tag"),
        (2, "bad-number"),
        (3, "duplicate-key"),
    ]


def test_an_error_survives_pickling():
    import pickle

    error = DocumentError([Problem(FILE, 1, 2, "wrong", "Fix it.")])
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


def test_a_long_line_is_cut_around_the_column():
    problem = Problem(FILE, 1, 300, "wrong", "Fix it.", excerpt="x" * 299 + "Y" + "z" * 200)
    _, line, caret = str(problem).splitlines()
    assert len(line) < 130
    assert line[caret.index("^")] == "Y"


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("ilum", ["illum", "plate"], "illum"),
        ("ILLUM", ["illum"], "illum"),
        ("zzz", ["illum"], None),
        ("a", [], None),
        ("illum_calc", ["ILLUM_CALC", "illum_apply"], "ILLUM_CALC"),
        ("bc_illum_qc", ["cb_illum_qc", "cp_illum_qc", "bc_illum"], "cb_illum_qc"),
    ],
)
def test_nearest(name, names, expected):
    assert nearest(name, names) == expected


def test_suggest_lists_what_there_is_if_nothing_is_near():
    assert suggest("zzz", ["b", "a"], "steps") == "Use one of the steps: `a`, `b`."
    assert suggest("zzz", [], "steps") == "There are no steps here."
    assert suggest("zzz", [f"s{n:02}" for n in range(20)], "steps").endswith("`s11` and 8 more.")


class PureLoader(PureParser, CoreResolver):
    def __init__(self, text):
        PureParser.__init__(self, text)
        CoreResolver.__init__(self)


def written(source):
    return {keys: (mark.key, mark.value, mark.text, mark.plain) for keys, mark in source.marks.items()}


def test_without_libyaml_valid_files_mean_the_same(monkeypatch):
    paths = [SPEC / "valid.yaml", *sorted((SPEC.parents[2] / "dag_specs").glob("*.yaml"))]
    with_libyaml = [reader.read(path) for path in paths]
    monkeypatch.setattr(reader, "_Loader", PureLoader)
    for path, expected in zip(paths, with_libyaml, strict=True):
        found = reader.read(path)
        assert found.data == expected.data
        assert written(found) == written(expected)


def test_without_libyaml_broken_files_are_broken_in_the_same_line(monkeypatch):
    monkeypatch.setattr(reader, "_Loader", PureLoader)
    for path in sorted((SPEC / "broken").glob("yaml_*.yaml")):
        with pytest.raises(DocumentError) as raised:
            reader.read(path)
        header = path.read_text().partition(" ")[2].removeprefix("expect ")
        assert [p.line for p in raised.value.problems] == [int(header.partition(":")[0] or 1)], path.name


TEXT = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
NAMES = st.text(TEXT, min_size=1, max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(TEXT, max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(TEXT, min_size=1, max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(values)
def test_what_pyyaml_writes_with_quotes_is_read_back(value):
    text = yaml.safe_dump({"a": value}, default_style='"', allow_unicode=True)
    found = data(text)["a"]
    assert as_text(found) == as_text(value)


def as_text(value):
    if isinstance(value, dict):
        return {as_text(k): as_text(v) for k, v in value.items()}
    return [as_text(v) for v in value] if isinstance(value, list) else value
