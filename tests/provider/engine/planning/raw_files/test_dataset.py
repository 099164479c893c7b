"""File sets: filters, exclusions and completeness, in folders and on S3."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.provider.engine.planning.s3 import s3_bucket

from platerunner.engine.planning.errors import NothingListed, PlanningError
from platerunner.engine.planning.files import Files, FileTable
from platerunner.engine.planning.raw_files.dataset import from_dataset
from platerunner.engine.planning.units.grouping import Groups
from platerunner.engine.planning.where import in_vain
from platerunner.spec.dataset import Exclusion, FileSet
from platerunner.spec.steps import Step
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.storage import Storage

PATTERN = "{plate}/{well:well96}_s{site:int}_{channel}.tif"
KEYS = [f"P{p}/{w}_s{s}_{c}.tif" for p in (1, 2, 10) for w in ("A01", "B03") for s in (1, 2) for c in ("DNA", "ER")]


@pytest.fixture(params=["folder", "s3"])
def storage(request, tmp_path):
    if request.param == "folder":
        yield Storage(str(tmp_path))
    else:
        with s3_bucket() as bucket:
            yield Storage(f"s3://{bucket}/data root")


def _filled(storage, keys=KEYS):
    for key in keys:
        storage.put(key, key.encode())
    return storage


def _keys(found):
    return sorted(file.key for file in found.files)


def test_files_have_values_size_and_etag(storage):
    found = from_dataset(FileSet("raw", PATTERN), _filled(storage, KEYS[:1]), {})
    (file,) = found.files
    assert file.values == {"plate": "P1", "well": "A01", "site": 1, "channel": "DNA"}
    assert (file.root, file.size, file.etag) == ("data", len(KEYS[0]), storage.head(KEYS[0]).etag)


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ({}, KEYS),
        ({"plate": []}, KEYS),
        ({"plate": None}, KEYS),
        ({"plate": ""}, KEYS),
        ({"plate": "P1"}, [key for key in KEYS if key.startswith("P1/")]),
        ({"plate": ["P1", "P10", "P404"]}, [key for key in KEYS if key.startswith(("P1/", "P10/"))]),
        ({"well": "b3", "site": ["2"]}, [key for key in KEYS if "B03_s2" in key]),
        ({"site": 2}, [key for key in KEYS if "_s2_" in key]),
        ({"cycle": 7}, KEYS),
    ],
)
def test_where(storage, where, kept):
    assert _keys(from_dataset(FileSet("raw", PATTERN), _filled(storage), where)) == sorted(kept)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"plate": ["P1", "P404"]}, ["plate P404"]),
        ({"plate": ["P1", "P2"], "well": ["A1", "B03"]}, ["well B03 of plate P2"]),
        ({"plate": ["P1", "P404"], "well": ["A01", "C05"]}, ["plate P404", "well C05"]),
        ({"plate": "P2", "well": ["A01", "B03"], "site": [1, 3]}, ["well B03", "site 3"]),
        ({"plate": ["P1", "P2"], "well": ["A01", "B03"], "site": [1, 2]}, ["site 1, 2 of plate P2 well B03"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("complete", [(), ("channel",)])
def test_what_is_asked_for_and_not_there_is_told(storage, where, told, complete):
    there = [key for key in KEYS if not key.startswith("P2/B03")]
    found = from_dataset(FileSet("raw", PATTERN, complete), _filled(storage, there), where)
    assert found.notes == tuple(f"dataset.raw: `where` asks for {each}: there is no such file" for each in told)


@settings(deadline=None)
@given(
    st.sets(st.tuples(st.sampled_from("abc"), st.integers(1, 3)), min_size=1),
    st.sets(st.sampled_from("abcd"), min_size=1),
    st.sets(st.integers(1, 4), min_size=1),
)
def test_every_value_asked_for_has_a_file_or_a_note(rows, plates, sites):
    pattern = Pattern.parse("{plate}/s{site:int}.tif")
    kept = [(plate, site) for plate, site in rows if plate in plates and site in sites]
    files = Files.of(InputFile(f"{p}{s}", "data", 1, "e", {"plate": p, "site": s}) for p, s in kept)
    only = {"plate": frozenset(plates), "site": frozenset(map(str, sites))}
    said = list(in_vain(pattern, only, files))
    missing = {(p, s) for p in plates for s in sites} - set(kept)
    for plate, site in missing:
        whole = [
            each for each in said
            if each.startswith(("plate", "site")) and " of " not in each
            and (plate in each.split(" ", 1)[1] if each.startswith("plate") else str(site) in each.split(" ", 1)[1])
        ]  # fmt: skip
        assert whole or any(f"of plate {plate}" in each and str(site) in each for each in said)
    assert bool(said) == bool(missing)


def test_what_complete_and_where_both_name_is_missed_though_no_file_has_it(storage):
    files = FileSet("raw", PATTERN, ("site", "channel"))
    found = from_dataset(files, _filled(storage), {"plate": "P1", "well": "A01", "site": ["1", "2", "3"]})
    assert [file.key for file in found.absent] == ["P1/A01_s3_DNA.tif", "P1/A01_s3_ER.tif"]


def test_where_with_an_unfit_value_says_so(tmp_path):
    with pytest.raises(PlanningError, match=r"`where`: \{well\}: `Z99` is not usable as a well of a 96-well plate"):
        from_dataset(FileSet("raw", PATTERN), _filled(Storage(str(tmp_path))), {"well": "Z99"})


def test_exclusions_name_the_reason(storage):
    exclude = [
        Exclusion({"plate": "P2", "well": "B3", "site": "02"}, "out of focus"),
        Exclusion({"cycle": "1"}, "no such wildcard here"),
    ]
    found = from_dataset(FileSet("raw", PATTERN), _filled(storage), {}, exclude)
    assert set(KEYS) - set(_keys(found)) == {"P2/B03_s2_DNA.tif", "P2/B03_s2_ER.tif"}
    assert {each.because for each in found.excluded} == {"out of focus"}
    assert found.listed == len(KEYS)


def test_an_exclusion_of_what_is_not_there_is_told_with_its_line(storage):
    exclude = [
        Exclusion({"plate": "P2", "well": "B3", "site": "2"}, "out of focus", "line 11 of lab.yaml"),
        Exclusion({"plate": "P2", "well": "B3"}, "the rest of it, too", "line 12 of lab.yaml"),
        Exclusion({"plate": "P2", "well": "B3", "site": "4"}, "a typo", "line 14 of lab.yaml"),
        Exclusion({"plate": "P9"}, "a typo", "line 15 of lab.yaml"),
        Exclusion({"cycle": "1"}, "of another file set", "line 16 of lab.yaml"),
    ]
    found = from_dataset(FileSet("raw", PATTERN), _filled(storage), {}, exclude)
    assert found.notes == (
        "line 14 of lab.yaml excludes plate P2 well B3 site 4, which dataset.raw does not have.",
        "line 15 of lab.yaml excludes plate P9, which dataset.raw does not have.",
    )
    filtered = from_dataset(FileSet("raw", PATTERN), _filled(storage), {"plate": "P1"}, exclude)
    assert filtered.notes == (), "other plates are not this run's business"


def test_no_file_is_made_an_object_of_its_own(storage, monkeypatch):
    """A million would take half a gigabyte."""
    monkeypatch.setattr(FileTable, "file", lambda *_: pytest.fail("a file was made an object"))
    exclude = [Exclusion({"plate": "P2"}, "lost", "line 11"), Exclusion({"plate": "P9"}, "a typo", "line 12")]
    for where, some in (({}, []), ({"plate": "P1"}, []), ({}, exclude)):
        from_dataset(FileSet("raw", PATTERN, ("site", "channel")), _filled(storage), where, some)


def test_an_exclusion_by_another_name_or_of_what_is_absent_is_not_told(storage):
    there = [key for key in KEYS if key != "P2/A01_s1_ER.tif"]
    exclude = [
        Exclusion({"channel": "Mito", "well": "A01", "site": "1", "plate": "P2"}, "lost", "line 11 of lab.yaml"),
        Exclusion({"channel": "RNA"}, "a typo", "line 12 of lab.yaml"),
    ]
    files = FileSet("raw", PATTERN, ("site", "channel"), {"channel": {"ER": "Mito"}})
    found = from_dataset(files, _filled(storage, there), {}, exclude)
    assert found.absent == ()
    assert found.notes == ("line 12 of lab.yaml excludes channel RNA, which dataset.raw does not have.",)


def test_complete_names_what_is_not_there(storage):
    there = [key for key in KEYS if key not in {"P2/A01_s1_ER.tif", "P10/B03_s2_DNA.tif"}]
    found = from_dataset(FileSet("raw", PATTERN, ("site", "channel")), _filled(storage, there), {})
    absent = {file.key: file.values for file in found.absent}
    assert set(absent) == {"P2/A01_s1_ER.tif", "P10/B03_s2_DNA.tif"}
    assert absent["P10/B03_s2_DNA.tif"] == {"plate": "P10", "well": "B03", "site": 2, "channel": "DNA"}
    assert found.absent_from == ("plate", "well")
    assert all(file.size is None and file.etag is None for file in found.absent)
    assert "2 of the files that `complete` asks for are not there: P" in found.notes[0]


def test_complete_knows_sites_outside_the_filter(storage):
    there = [key for key in KEYS if not key.startswith("P1/A01_s2")]
    found = from_dataset(
        FileSet("raw", PATTERN, ("site", "channel")), _filled(storage, there), {"plate": "P1", "well": "A01"}
    )
    assert [file.key for file in found.absent] == ["P1/A01_s2_DNA.tif", "P1/A01_s2_ER.tif"]


def test_complete_asks_for_nothing_that_is_excluded_or_filtered_out(storage):
    complete = FileSet("raw", PATTERN, ("site", "channel"))
    exclude = [Exclusion({"site": "1", "well": "A01"}, "bubble")]
    found = from_dataset(complete, _filled(storage), {"channel": "ER"}, exclude)
    assert found.absent == ()
    assert not any("A01_s1" in file.key or "DNA" in file.key for file in found.files)


def test_complete_of_a_pattern_with_a_star_shows_the_star(tmp_path):
    storage = _filled(Storage(str(tmp_path)), ["P1/A01_s1_x.tif", "P1/A01_s2_y.tif", "P1/A02_s1_z.tif"])
    found = from_dataset(FileSet("raw", "{plate}/{well}_s{site}_*.tif", ("site",)), storage, {})
    assert [file.key for file in found.absent] == ["P1/A02_s2_*.tif"]


def test_a_pattern_that_cannot_be_read_has_a_column(tmp_path):
    with pytest.raises(PlanningError, match=r"dataset\.raw: `a/\{x`, column 3"):
        from_dataset(FileSet("raw", "a/{x"), Storage(str(tmp_path)), {})


def test_a_bucket_that_does_not_exist():
    with s3_bucket(), pytest.raises(NothingListed, match="data root s3://no-such-bucket/x does not exist"):
        from_dataset(FileSet("raw", PATTERN), Storage("s3://no-such-bucket/x"), {})


def test_nothing_matches_on_s3_names_the_nearest_files():
    with s3_bucket() as bucket:
        storage = _filled(Storage(f"s3://{bucket}/x"))
        with pytest.raises(
            NothingListed, match=r"nothing under s3://.*/x matches `raw/\{plate\}.*nearest names are `P\d"
        ):
            from_dataset(FileSet("raw", "raw/{plate}/{well}_s{site:int}_{channel}.tif"), storage, {})


@settings(deadline=None, max_examples=30)
@given(
    st.sets(st.sampled_from(KEYS), min_size=1),
    st.sets(st.sampled_from(["P1", "P2", "P10"])),
    st.sets(st.sampled_from(["A01", "B03"])),
)
def test_every_file_is_kept_excluded_or_not_asked_for(tmp_path_factory, keys, plates, wells):
    storage = _filled(Storage(str(tmp_path_factory.mktemp("data"))), sorted(keys))
    wanted = {key for key in keys if (not plates or key.split("/")[0] in plates)}
    exclude = [Exclusion({"well": well}, "dirt") for well in sorted(wells)]
    try:
        found = from_dataset(FileSet("raw", PATTERN, ("site",)), storage, {"plate": sorted(plates)}, exclude)
    except NothingListed:
        assert not wanted
        return
    real = {file.key for file in found.files}
    assert real == {key for key in wanted if not any(f"/{well}_" in key for well in wells)}
    assert len(found.excluded) == len(wanted) - len(real)
    assert not any(file.key in keys for file in found.absent)


DYES = {"channel": {"DNA": "ER", "ER": "RNA"}}


@pytest.mark.parametrize(
    ("where", "exclude", "kept"),
    [
        ({}, [], {"ER", "RNA"}),
        ({"channel": "ER"}, [], {"ER"}),
        ({"channel": ["RNA", "Brightfield"]}, [], {"RNA"}),
        ({}, [Exclusion({"channel": "RNA"}, "bleached")], {"ER"}),
    ],
)
def test_values_go_by_other_names_in_filters_too(storage, where, exclude, kept):
    files = FileSet("raw", PATTERN, rename=DYES)
    found = from_dataset(files, _filled(storage), where, exclude)
    assert {file.values["channel"] for file in found.files} == kept
    assert all(file.key.endswith({"ER": "_DNA.tif", "RNA": "_ER.tif"}[file.values["channel"]]) for file in found.files)
    assert all(each.values["channel"] == "RNA" for each in found.excluded)


def test_a_missing_file_is_named_as_it_would_be_called_on_disk(storage):
    files = FileSet("raw", PATTERN, ("site", "channel"), DYES)
    found = from_dataset(files, _filled(storage, KEYS[1:]), {})
    (absent,) = found.absent
    assert absent.key == KEYS[0]
    assert absent.values["channel"] == "ER"


PHENIX = "{plate}__*/r{row:digits}c{col:digits}f{site:02}-ch{channel:int}.tiff"
WELLS = FileSet("raw", PHENIX, derive={"well": "{row:letter}{col:02}"})
FROM_PHENIX = [
    f"P{p}__x/r{r:02}c{c:02}f{s:02}-ch{ch}.tiff"
    for p in (1, 2)
    for r, c in ((2, 6), (3, 11))
    for s in (1, 2)
    for ch in (1, 2)
]


@pytest.mark.parametrize(
    ("where", "exclude", "kept"),
    [
        ({}, [], {"B06", "C11"}),
        ({"well": "B06"}, [], {"B06"}),
        ({"well": ["C11", "H12"], "plate": "P1"}, [], {"C11"}),
        ({"row": "02"}, [], {"B06"}),
        ({}, [Exclusion({"well": "B06"}, "dry")], {"C11"}),
    ],
)
def test_what_is_made_is_a_wildcard_like_all_others(storage, where, exclude, kept):
    found = from_dataset(WELLS, _filled(storage, FROM_PHENIX), where, exclude)
    assert {file.values["well"] for file in found.files} == kept
    assert all(each.values["well"] == "B06" for each in found.excluded)
    assert found.renamed == ("well",)


def test_what_is_made_goes_by_other_names_too(storage):
    files = replace(WELLS, rename={"well": {"B06": "control"}, "row": {"02": "x"}})
    found = from_dataset(files, _filled(storage, FROM_PHENIX), {"well": "control"})
    assert {(file.values["well"], file.values["row"]) for file in found.files} == {("control", "x")}


@pytest.mark.parametrize(
    ("complete", "where", "lost", "missed"),
    [
        (("site", "channel"), {}, [0], {FROM_PHENIX[0].replace("P1__x", "P1__*")}),
        (("well",), {}, [0], {FROM_PHENIX[0].replace("P1__x", "P1__*")}),
        (("well", "row"), {}, [0], {FROM_PHENIX[0].replace("P1__x", "P1__*")}),
        (("well",), {"well": "C11"}, [0], set()),
        (("row",), {"well": "B06"}, [], set()),
        (("row", "col"), {"plate": "P1", "well": "B11", "site": 1, "channel": 1}, [], None),
    ],
)
def test_what_is_made_is_asked_for_with_what_it_is_made_of(storage, complete, where, lost, missed):
    _filled(storage, [key for index, key in enumerate(FROM_PHENIX) if index not in lost])
    files = replace(WELLS, complete=complete)
    if missed is None:
        with pytest.raises(NothingListed, match="well in \\[B11\\]"):
            from_dataset(files, storage, where)
        return
    found = from_dataset(files, storage, where)
    assert {file.key for file in found.absent} == missed
    assert all(file.values["well"] == "B06" for file in found.absent)


@pytest.mark.parametrize("foreach", [("plate", "well"), ("plate", "row", "col"), ("well",)])
def test_a_missing_file_fails_the_unit_that_knows_all_of_it(storage, foreach):
    files = replace(WELLS, complete=("site", "channel"))
    found = from_dataset(files, _filled(storage, FROM_PHENIX[1:]), {})
    groups = Groups(Step("s", "m", foreach, {}, {}), {"images": found})
    files_of = [file for each in groups.candidates() for file in groups.inputs(each.values)["images"]]
    assert any(file.size is None for file in files_of) == ("plate" in foreach)


def test_a_key_of_which_nothing_can_be_made_is_left_over(storage):
    _filled(storage, [*FROM_PHENIX, "P1__x/r00c01f01-ch1.tiff"])
    found = from_dataset(WELLS, storage, {})
    assert len(found.files) == len(FROM_PHENIX)
    assert "1 file matches no pattern" in found.notes[0]
    assert "`P1__x/r00c01f01-ch1.tiff`" in found.notes[0]


def test_if_nothing_can_be_made_of_any_key_it_says_why(storage):
    with pytest.raises(NothingListed, match="`derive` makes nothing of it: `00` is no row from 1 to 702"):
        from_dataset(WELLS, _filled(storage, ["P1__x/r00c01f01-ch1.tiff"]), {})


def test_what_is_left_out_and_not_there_is_not_missed(storage):
    files = FileSet("raw", PATTERN, ("site", "channel"))
    found = from_dataset(files, _filled(storage, KEYS[1:]), {}, [Exclusion({"plate": "P1", "well": "A01"}, "broken")])
    assert found.absent == ()
    found = from_dataset(files, _filled(storage, KEYS[1:]), {}, [Exclusion({"plate": "P1", "site": "2"}, "broken")])
    assert [file.key for file in found.absent] == [KEYS[0]]
