"""Files that nobody can tell apart: found among any others, and said with a way out that works."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.provider.engine.planning.lab import SPEC, Lab

from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.files import Files
from platerunner.engine.planning.raw_files.dataset import from_dataset
from platerunner.engine.planning.raw_files.duplicates import check_distinct, repeated
from platerunner.spec.dataset import FileSet
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.storage import Storage

PHENIX = "{plate}__*/Images/{well}f{site:int}p{plane:int}-ch{channel:int}.tiff"
MEASURED = [
    f"BR2__{day}/Images/r02c0{c}f01p01-ch1.tiff" for day in ("14-Measurement1", "15-Measurement2") for c in "23"
]
THUMBS = [f"TP/P1_A0{w}_s1_w{c}{t}.tif" for w in "12" for c in "12" for t in ("", "_thumb")]


def _found(tmp_path, pattern, keys, rename=None):
    storage = Storage(str(tmp_path))
    for key in keys:
        storage.put(key, b"x")
    return from_dataset(FileSet("raw", pattern, rename=rename or {}), storage, {})


@pytest.mark.parametrize(
    ("pattern", "keys", "names", "remedy"),
    [
        (PHENIX, MEASURED, (MEASURED[0], MEASURED[2]), PHENIX.replace("*", "{part}")),
        ("{plate}/{well}_s{site:int}_{channel}_*.tif",
         ["P1/A01_s1_DNA_0901.tif", "P1/A01_s1_DNA_1130.tif"], ("P1/A01_s1_DNA_0901.tif", "P1/A01_s1_DNA_1130.tif"),
         "{plate}/{well}_s{site:int}_{channel}_{part}.tif"),
        ("TP/{plate}_{well:well384}_s{site:int}_w{channel}*.tif", THUMBS, tuple(THUMBS[:2]),
         "TP/{plate}_{well:well384}_s{site:int}_w{channel:digits}.tif"),
        ("**/{well}.tif", ["a/A01.tif", "b/A01.tif"], ("a/A01.tif", "b/A01.tif"), "{part}/{well}.tif"),
    ],
)  # fmt: skip
def test_both_files_are_named_and_the_remedy_works(tmp_path, pattern, keys, names, remedy):
    found = _found(tmp_path, pattern, keys)
    with pytest.raises(PlanningError) as raised:
        check_distinct(found)
    said = str(raised.value)
    assert all(f"`{name}`" in said for name in names)
    assert f"Write `{remedy}`" in said
    fixed = from_dataset(FileSet("raw", remedy), Storage(str(tmp_path)), {})
    check_distinct(fixed)
    assert {*names} & {file.key for file in fixed.files}


@pytest.mark.parametrize(
    ("pattern", "keys", "rename", "remedy"),
    [
        ("{plate}/{well:well96}_s{site:int}.tif", ["P1/A01_s1.tif", "P1/A1_s1.tif", "P1/a01_s1.tif"], None, "Move one"),
        ("{plate}_s{site:int}.tif", ["P1_s1.tif", "P1_s001.tif"], None, "Move one of them out"),
        # A wildcard that stands twice cannot be narrowed in one of its two places.
        ("{site}/{site}*.tif", ["1/1.tif", "1/1_thumb.tif"], None, "Move one of them out"),
        ("{plate}_{channel}.tif", ["P1_DNA.tif", "P1_w1.tif"], {"channel": {"w1": "DNA"}}, "`rename` gives two"),
    ],
)
def test_spellings_and_names_count_as_what_they_mean(tmp_path, pattern, keys, rename, remedy):
    with pytest.raises(PlanningError, match=re.escape(remedy)):
        check_distinct(_found(tmp_path, pattern, keys, rename))


def test_files_that_are_left_out_or_not_asked_for_are_no_duplicates(tmp_path):
    _found(tmp_path, PHENIX, MEASURED)
    told = FileSet("raw", PHENIX.replace("*", "{measurement}"))
    check_distinct(from_dataset(told, Storage(str(tmp_path)), {"measurement": "14-Measurement1"}))
    check_distinct(from_dataset(told, Storage(str(tmp_path)), {}))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from("abc"), st.sampled_from(["x", "y" * 30])), min_size=1, max_size=60
    ),
    st.booleans(),
)
def test_what_repeats_is_found_and_nothing_else(rows, renamed):
    files = Files.of(
        InputFile(f"{number}.tif", "data", 1, "e", {"site": site, "well": well, "channel": channel})
        for number, (site, well, channel) in enumerate(rows)
    )
    if renamed:
        files = files.renamed({"well": {"a": "b"}})
        rows = [(site, well.replace("a", "b"), channel) for site, well, channel in rows]
    wanted = {
        tuple(sorted(f"{n}.tif" for n, other in enumerate(rows) if other == row)) for row in rows if rows.count(row) > 1
    }
    assert {tuple(file.key for file in group) for group in repeated(files)} == wanted


@given(st.sampled_from(["{a}/{b}.tif", "{a:digits}_{b:word}.tif", "{a}_{b}/{a}.tif"]), st.text("ab_1/.", max_size=12))
def test_a_key_follows_from_its_values_where_nothing_is_checked(text, key):
    pattern = Pattern.parse(text)
    values = pattern.match(f"{key}.tif")
    assert not pattern.has_spellings
    assert values is None or pattern.format(values) == f"{key}.tif"


SETS = [("raw", "a*"), ("more", "b")]


def test_all_file_sets_with_files_that_nobody_can_tell_apart_are_named_at_once(tmp_path):
    raw = '    raw:\n      path: "{plate}/{well}_s{site:int}_{channel}.tif"\n      complete: [site, channel]\n'
    sets = "".join(
        f'    {name}: "{folder}/{{plate}}/{{well}}_s{{site:int}}_{{channel}}.tif"\n' for name, folder in SETS
    )
    lab = Lab(tmp_path, SPEC.replace(raw, sets).replace("raw, illum:", "more, illum:"))
    for key in ("a1/P1/A01_s1_DNA.tif", "a2/P1/A01_s1_DNA.tif", "b/P1/A01_s1_DNA.tif", "b/P1/A01_s01_DNA.tif"):
        (lab.images / key).parent.mkdir(parents=True, exist_ok=True)
        (lab.images / key).write_text(key)
    with pytest.raises(PlanningError) as raised:
        lab.plan_all()
    first, second = str(raised.value).splitlines()
    assert re.search(r"lab\.yaml:11: dataset\.raw: 2 files have the same values", first)
    assert re.search(r"lab\.yaml:12: dataset\.more: 2 files have the same values", second)
