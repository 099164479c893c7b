"""Patterns: what they match, what they write, and that the two agree."""

import pickle
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner_unit.contract.patterns import TYPES, Pattern, PatternError, escaped
from platerunner_unit.contract.patterns.wildcard_types import SIZED


@pytest.mark.parametrize(
    ("pattern", "key", "values"),
    [
        ("{plate}/{well}_s{site:int}.tif", "P1/A01_s007.tif", {"plate": "P1", "well": "A01", "site": 7}),
        (
            "AS_{assay}_{plate}_{well}f{site:digits}{channel}.TIF",
            "AS_09047_050428030001_O01f00d2.TIF",
            {"assay": "09047", "plate": "050428030001", "well": "O01", "site": "00", "channel": "d2"},
        ),
        ("{plate}/{plate}_Illum{channel}.npy", "P_1/P_1_IllumDNA.npy", {"plate": "P_1", "channel": "DNA"}),
        ("{plate}/{plate}_Illum{channel}.npy", "P_1/P_2_IllumDNA.npy", None),
        ("{site:int}/{site:int}", "01/001", {"site": 1}),
        ("{site:int}/{site:int}", "1/11", None),
        ("{well:well96}/{well}.tif", "a1/A01.tif", {"well": "A01"}),
        ("{well:well96}", "H12", {"well": "H12"}),
        ("{well:well96}", "H13", None),
        ("{well:well96}", "I01", None),
        ("{well:well96}", "A00", None),
        ("{well:well384}", "p24", {"well": "P24"}),
        ("{well:well384}", "Q01", None),
        ("{well:well1536}", "af48", {"well": "AF48"}),
        ("{well:well1536}", "AG01", None),
        ("{well:well1536}", "A49", None),
        ("{well:well96}{site:digits}", "A0112", {"well": "A01", "site": "12"}),
        ("{channel:alpha}{cycle:int}", "DNA02", {"channel": "DNA", "cycle": 2}),
        ("{x:word}.csv", "a_1.csv", {"x": "a_1"}),
        ("{x:word}.csv", "a-1.csv", None),
        ("{plate}/*_SegmentCheck.png", "P1/A01_SegmentCheck.png", {"plate": "P1"}),
        ("{plate}/*_SegmentCheck.png", "P1/a/b_SegmentCheck.png", None),
        ("**/{name}.csv", "Cells.csv", {"name": "Cells"}),
        ("**/{name}.csv", "a/b/Cells.csv", {"name": "Cells"}),
        ("a/**", "a/b/c", {}),
        ("a/**", "a", None),
        ("a{{{x}}}.txt", "a{1}.txt", {"x": "1"}),
        ("a{*}.txt", "a*.txt", {}),
        ("a{*}.txt", "ab.txt", None),
        ("{plate}/x", "../x", None),
        ("{plate}/x", "./x", None),
        ("{plate}.tif", "a/b.tif", None),
        ("{plate}.tif", ".tif", None),
        ("a.c", "abc", None),
        ("100%/{x}", "100%/y", {"x": "y"}),
        ("{x}.tif", "line\nfeed.tif", {"x": "line\nfeed"}),
        ("{x}.tif", "a.tif\n", None),
        ("s{site:3}.tif", "s007.tif", {"site": "007"}),
        ("s{site:3}.tif", "s07.tif", None),
        ("{plate:8}{well:well384}.tif", "BR001170B02.tif", {"plate": "BR001170", "well": "B02"}),
        ("r{row:02}c{col:02}.tif", "r02c11.tif", {"row": 2, "col": 11}),
        ("s{site:02}.tif", "s102.tif", {"site": 102}),
        ("s{site:02}.tif", "s7.tif", None),
        ("s{site:02}.tif", "s007.tif", None),
        ("s{site:3 digits}.tif", "s00a.tif", None),
        ("s{site:3 digits}.tif", "s007.tif", {"site": "007"}),
        ("{id:hex}_{x:4 hex}.tif", "0aF_00fF.tif", {"id": "0aF", "x": "00fF"}),
        ("w{ch:digit}{:36}.tif", "w107447151-AC76-4844-8431-E6A954BD1171.tif", {"ch": "1"}),
        ("w{ch:digit}{:36}.tif", "w1_thumb07447151-AC76-4844-8431-E6A954BD1171.tif", None),
        ("s{site:int}{:guid}.tif", "s151E1E486E-D339-44E8-9990-9A8894C2D5CA.tif", {"site": 15}),
        (
            "s{site:int}{id:guid}.tif",
            "s2866465035-BBD2-4C57-BF9C-185859741902.tif",
            {"site": 28, "id": "66465035-BBD2-4C57-BF9C-185859741902"},
        ),
        ("{channel:DNA|DNAse|ER}{x}.tif", "DNAse1.tif", {"channel": "DNAse", "x": "1"}),
        ("{x}.{:tif|tiff}", "a.tiff", {"x": "a"}),
        ("{x}.{:tif|tiff}", "a.png", None),
        ("{well}(_s{site:int=1})?(_w{ch:int=1})?.tif", "B02.tif", {"well": "B02", "site": 1, "ch": 1}),
        ("{well}(_s{site:int=1})?(_w{ch:int=1})?.tif", "B02_w2.tif", {"well": "B02", "site": 1, "ch": 2}),
        ("{well}(_s{site:int=1})?(_w{ch:int=1})?.tif", "B02_s03_w2.tif", {"well": "B02", "site": 3, "ch": 2}),
        ("{x:word}(-thumb)?.tif", "a-thumb.tif", {"x": "a"}),
        ("a(b){?}", "a(b)?", {}),
        ("a(b).tif", "a(b).tif", {}),
        ("{well:well384x4}.tif", "p24.B2.tif", {"well": "P24.b2"}),
        ("{well:well384x4}.tif", "p24.c2.tif", None),
    ],
)
def test_match(pattern, key, values):
    assert Pattern.parse(pattern).match(key) == values


def test_wildcards_and_types_in_order_of_appearance():
    pattern = Pattern.parse("{plate}/{well:well96}/{plate}_{well}_s{site:int}")
    assert pattern.wildcards == ("plate", "well", "site")
    assert pattern.types == {"plate": "text", "well": "well96", "site": "int"}


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "empty"),
        ("/a", 1, "relative"),
        ("a/", 2, "file name"),
        ("a//b", 3, "two slashes"),
        ("a/../b", 3, "`..`"),
        ("ab/./b", 4, "`.`"),
        ("a/{x", 3, "lone `{`"),
        ("a/x}", 4, "lone `}`"),
        ("a/{1x}", 3, "lone `{`"),
        ("a/{x:flote}", 6, "unknown wildcard type `flote`"),
        ("{x:int}/{x:digits}", 12, "`int` and `digits`"),
        ("a**/b", 2, "whole folders"),
        ("a/***", 3, "whole folders"),
        ("**/a/**b", 6, "whole folders"),
        ("a/{x:0}", 6, "unknown wildcard type `0`"),
        ("a/{:flote}", 5, "unknown wildcard type `flote`"),
        ("a/{x:03 digits}", 6, "write `3 digits`, or `03`"),
        ("a/{x:300}", 6, "too wide"),
        ("a/{x:3 text}", 6, "one of digits, alpha, word, hex"),
        ("a/{x=1}", 3, "may be missing, like `(_{x=1})?`"),
        ("a/b(_{x:int})?", 6, "Write it, like `{x:int=1}`"),
        ("a/b(_{x:int=z})?", 6, "not usable as a whole number"),
        ("a/{x}(_{x=1})?", 8, "once more"),
        ("a/b(_{x:flote=z})?", 9, "unknown wildcard type `flote`"),
    ],
)
def test_errors_have_a_column(text, column, message):
    with pytest.raises(PatternError, match=re.escape(message)) as caught:
        Pattern.parse(text)
    assert caught.value.column == column


def test_format():
    pattern = Pattern.parse("50%/{plate}/{well:well96}_s{site:int}_{site}.tif")
    assert pattern.format({"plate": "P1", "well": "a1", "site": "007", "other": 1}) == "50%/P1/A01_s7_7.tif"


@pytest.mark.parametrize(
    ("values", "wildcard"),
    [
        ({"well": "A01"}, "plate"),
        ({"plate": "..", "well": "A01"}, "plate"),
        ({"plate": "a/b", "well": "A01"}, "plate"),
        ({"plate": "", "well": "A01"}, "plate"),
        ({"plate": "P", "well": "Z1"}, "well"),
        ({"plate": "P", "well": True}, "well"),
        ({"plate": 1.5, "well": "A01"}, "plate"),
    ],
)
def test_format_names_the_wildcard_that_it_cannot_fill(values, wildcard):
    with pytest.raises(PatternError, match=f"`?{{{wildcard}}}") as caught:
        Pattern.parse("{plate}/{well:well96}").format(values)
    assert caught.value.wildcard == wildcard


def test_format_refuses_globs_and_paths_that_lead_out():
    with pytest.raises(PatternError, match="no name can be made"):
        Pattern.parse("a/*.tif").format({})
    with pytest.raises(PatternError, match="not usable as a name"):
        Pattern.parse("{a}{b}/c").format({"a": ".", "b": "."})


def test_values_that_add_up_to_dots_are_refused():
    pattern = Pattern.parse("x/.{a}/y")
    with pytest.raises(PatternError):
        pattern.format({"a": "."})
    assert pattern.format({"a": "b"}) == "x/.b/y"


def test_partial_leaves_the_rest_open():
    pattern = Pattern.parse("a/{plate}/{tile:int}_{plate}.tiff").partial({"plate": "P*{1}", "nobody": 1})
    assert pattern.wildcards == ("tile",)
    assert pattern.types == {"tile": "int"}
    assert Pattern.parse(pattern.text) == pattern
    assert pattern.match("a/P*{1}/3_P*{1}.tiff") == {"tile": 3}
    assert pattern.literal_prefix == "a/P*{1}/"


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("a/b_{x}/c", "a/b_"),
        ("{x}/c", ""),
        ("a/*.tif", "a/"),
        ("a/**/b", "a/"),
        ("a/b.tif", "a/b.tif"),
        ("a{{{x}", "a{"),
    ],
)
def test_literal_prefix(text, prefix):
    assert Pattern.parse(text).literal_prefix == prefix


def test_has_glob():
    assert Pattern.parse("a/*").has_glob
    assert Pattern.parse("**/a").has_glob
    assert not Pattern.parse("a/{x}").has_glob


def test_convert_gives_values_as_match_does():
    pattern = Pattern.parse("{well:well384}/{site:int}/{x}")
    assert [pattern.convert("well", "b3"), pattern.convert("site", "03"), pattern.convert("x", 5)] == ["B03", 3, "5"]
    with pytest.raises(PatternError, match="384-well plate"):
        pattern.convert("well", "Z1")


def test_patterns_travel_between_processes():
    pattern = Pattern.parse("a/{site:int}/{{*")
    assert pickle.loads(pickle.dumps(pattern)) == pattern
    assert pickle.loads(pickle.dumps(pattern)).match("a/3/{b") == {"site": 3}


VALUES = {
    "text": st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=8),
    "int": st.integers(0, 10**17),
    "digits": st.text(string.digits, min_size=1, max_size=8),
    "alpha": st.text(string.ascii_letters, min_size=1, max_size=8),
    "word": st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=8),
    "well96": st.builds("{}{:02d}".format, st.sampled_from("ABCDEFGH"), st.integers(1, 12)),
    "well384": st.builds("{}{:02d}".format, st.sampled_from("ABCDEFGHIJKLMNOP"), st.integers(1, 24)),
    "well1536": st.builds("{}{:02d}".format, st.sampled_from([*"ABXYZ", "AA", "AF"]), st.integers(1, 48)),
    "well384x4": st.builds("{}{:02d}.{}{}".format, st.sampled_from("ABP"), st.integers(1, 24), st.sampled_from("ab"),
                           st.integers(1, 2)),
    "digit": st.sampled_from(string.digits),
    "hex": st.text(string.hexdigits, min_size=1, max_size=8),
    "guid": st.uuids().map(str),
    "03": st.integers(0, 10**17 - 1),
    "4": st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=4, max_size=4),
    "3 digits": st.text(string.digits, min_size=3, max_size=3),
    "2 alpha": st.text(string.ascii_letters, min_size=2, max_size=2),
    "5 word": st.text(string.ascii_letters + string.digits + "_", min_size=5, max_size=5),
    "8 hex": st.text(string.hexdigits, min_size=8, max_size=8),
    "DNA|DNAse|E (R)?": st.sampled_from(["DNA", "DNAse", "E (R)?"]),
}  # fmt: skip


def test_every_type_is_tried():
    assert set(TYPES) < set(VALUES)
    assert set(SIZED) <= {name.partition(" ")[2] for name in VALUES}


@st.composite
def patterns_and_values(draw):
    """Patterns whose wildcards are folders of their own, so that a key can be split in one way only."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5, unique=True))
    types = {name: draw(st.sampled_from(sorted(VALUES))) for name in names}
    values = {name: draw(VALUES[types[name]].filter(lambda value: value not in {".", ".."})) for name in names}
    literal = st.text(string.ascii_letters + "{}*%.-_ \\()?", min_size=1, max_size=5).filter(lambda t: t.strip("."))
    again = draw(st.lists(st.sampled_from(names), max_size=3))
    parts = [f"{{{name}:{types[name]}}}" for name in names] + [f"{{{name}}}" for name in again]
    others = draw(st.lists(literal, max_size=3))
    parts += [escaped(text) for text in others]
    return "/".join(draw(st.permutations(parts))), values


@given(patterns_and_values())
def test_a_key_that_was_formatted_matches_with_the_same_values(case):
    text, values = case
    pattern = Pattern.parse(text)
    assert pattern.match(pattern.format(values)) == values


@given(patterns_and_values(), st.integers(0, 5))
def test_filling_in_two_goes_is_filling_in_one(case, number):
    text, values = case
    first = dict(list(values.items())[:number])
    pattern = Pattern.parse(text)
    partial = pattern.partial(first)
    assert partial.format(values) == pattern.format(values)
    assert Pattern.parse(partial.text) == partial
    assert pattern.format(values).startswith(partial.literal_prefix)


@given(patterns_and_values())
def test_the_text_of_a_pattern_reads_back(case):
    text, _ = case
    pattern = Pattern.parse(text)
    assert Pattern.parse(pattern.text).text == pattern.text
    assert Pattern.parse(pattern.text).types == pattern.types


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_an_error_with_a_column(text):
    try:
        pattern = Pattern.parse(text)
    except PatternError as error:
        column = error.column
    else:
        column = 1
        assert pattern.match(text) is None or isinstance(pattern.match(text), dict)
    assert 1 <= column <= max(1, len(text))


@given(st.text(string.ascii_letters + "./_-", max_size=30))
def test_a_match_never_leads_out(key):
    values = Pattern.parse("{a}/{b}_{c}").match(key) or {}
    assert not any("/" in value or value in {"", ".", ".."} for value in values.values())


@st.composite
def names_with_missing_parts(draw):
    """A pattern of parts that may be missing, a key of it, and its values."""
    shape = draw(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 99)), min_size=1, max_size=4))
    text, key, values = "x", "x", {}
    for number, (lacks, is_there, value) in enumerate(shape):
        name = f"w{number}"
        text += f"(_{number}s{{{name}:int=1}})?" if lacks else f"_{number}s{{{name}:int}}"
        key += f"_{number}s{value}" if is_there or not lacks else ""
        values[name] = value if is_there or not lacks else 1
    return text, key, values


@given(names_with_missing_parts(), st.integers(0, 4))
def test_what_is_filled_in_matches_the_keys_that_have_it_and_no_other(case, number):
    text, key, values = case
    pattern = Pattern.parse(text)
    assert pattern.match(key) == values
    given = dict(list(values.items())[:number])
    partial = pattern.partial(given)
    assert Pattern.parse(partial.text) == partial
    assert partial.match(key) == {name: value for name, value in values.items() if name not in given}
    for name, value in given.items():
        assert pattern.partial({name: value + 1}).match(key) is None
