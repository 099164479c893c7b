"""Listing: which LISTs are sent, and that none of them loses a key."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.provider.engine.planning.s3 import requests_for, s3_bucket

from platerunner.engine.planning.listing import fold_keys, list_matching
from platerunner.engine.planning.raw_files.dataset import from_dataset
from platerunner.spec.dataset import FileSet
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.storage import Storage


class Watched(Storage):
    """A storage that remembers what was listed."""

    def __init__(self, url):
        super().__init__(url)
        self.listed = []

    def list(self, prefix="", after=""):
        self.listed.append(prefix)
        return super().list(prefix, after)


KEYS = [f"images/{b}/P{p}/{w}_s1.tif" for b in ("b1", "b2") for p in range(1, 4) for w in ("A01", "A02")]
OTHERS = ["images/readme.txt", "images/b1/notes.txt", "results/x.csv", "images/b1/P1/sub/A01_s1.tif"]


@pytest.fixture(params=["folder", "s3"])
def storage(request, tmp_path):
    if request.param == "folder":
        yield Watched(str(tmp_path))
    else:
        with s3_bucket() as bucket:
            yield Watched(f"s3://{bucket}/x")


def _fill(storage):
    for key in KEYS + OTHERS:
        storage.put(key, b"x")


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [
        ("images/{batch}/{plate}/{well}_s{site:int}.tif", KEYS),
        ("images/b1/{plate}/{well}_s{site:int}.tif", KEYS[:6]),
        ("images/b{batch}/P1/{well}_s1.tif", [key for key in KEYS if "/P1/" in key]),
        ("**/{well}_s1.tif", [*KEYS, OTHERS[3]]),
        ("images/*/*/A01_s1.tif", [key for key in KEYS if "A01" in key]),
        ("images/{name}.txt", OTHERS[:1]),
        ("images/b1/P1/A01_s1.tif", KEYS[:1]),
        ("{any}", []),
        ("nothing/{x}", []),
    ],
)
def test_all_that_matches_is_found(storage, pattern, kept):
    _fill(storage)
    found = list_matching(storage, "data", Pattern.parse(pattern), {})
    assert sorted(file.key for file in found.files) == sorted(kept)
    assert not set(found.others) & set(kept)


def test_only_the_folders_that_matter_are_listed(storage):
    _fill(storage)
    pattern = Pattern.parse("images/{batch}/{plate}/{well}_s{site:int}.tif")
    only = {"batch": frozenset({"b1"}), "plate": frozenset({"P1", "P3", "P404"}), "site": frozenset({"1"})}
    found = list_matching(storage, "data", pattern, only)
    assert sorted(storage.listed) == ["images/b1/P1/", "images/b1/P3/", "images/b1/P404/"]
    assert {file.values["plate"] for file in found.files} == {"P1", "P3"}


def test_a_folder_is_listed_once_however_many_values_share_it(storage):
    _fill(storage)
    only = {"plate": frozenset(map(str, range(17)))}
    found = list_matching(storage, "data", Pattern.parse("images/b1/{plate}_{well}"), only)
    assert (list(found.files), storage.listed) == ([], ["images/b1/"])


@pytest.mark.slow
@pytest.mark.parametrize("complete", [(), ("site", "channel")])
@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("proj/{plate}/Images/{well:well96}_s{site:int}_{channel}.tif", "P0007__2021"),
        ("proj/{plate}__*/Images/{well:well96}_s{site:int}_{channel}.tif", "P0007"),
        ("proj/{plate}__{date}/*/{well:well96}_s{site:int}_{channel}.tif", "P0007"),
    ],
)
def test_one_plate_of_many_takes_one_list_on_s3(text, plate, complete):
    """What counts is the number of requests that S3 gets."""
    keys = [
        f"proj/P{number:04d}__2021/Images/{well}_s{site}_{channel}.tif"
        for number in range(40)
        for well in ("A01", "A02")
        for site in (1, 2)
        for channel in ("DNA", "ER")
    ]
    with s3_bucket() as bucket:
        storage = Storage(f"s3://{bucket}/lab")
        for key in keys:
            storage.put(key, b"x")
        with requests_for("list-type=2") as sent:
            found = from_dataset(FileSet("raw", text, complete), storage, {"plate": plate})
    assert sorted(file.key for file in found.files) == [key for key in keys if "P0007" in key]
    assert len(sent) == 1
    assert found.notes == ()


@pytest.mark.slow
@pytest.mark.parametrize("plates", [3, 40])
@pytest.mark.parametrize(
    ("text", "lists"),
    [
        ("images/{batch}/{plate}/{well}.tif", 3),
        ("images/{batch}/{plate}__*/{well}.tif", 3),
        ("images/{batch}/x/{plate}__{date}/{well}.tif", 5),
        ("{top}/{batch}/{plate}/{well}.tif", 4),
    ],
)
def test_a_plate_below_names_that_may_be_anything_takes_a_list_for_each_of_those(text, lists, plates):
    keys = [
        text.replace("{top}", "images").replace("__*", "__1").format(batch=b, plate=f"P{n:03}", well=w, date=1)
        for b in ("b1", "b2")
        for n in range(plates)
        for w in ("A01", "A02")
    ]
    with s3_bucket() as bucket:
        storage = Storage(f"s3://{bucket}/lab")
        for key in keys:
            storage.put(key, b"x")
        with requests_for("list-type=2") as sent:
            found = list_matching(storage, "data", Pattern.parse(text), {"plate": frozenset({"P001"})})
    assert sorted(file.key for file in found.files) == [key for key in keys if "P001" in key]
    assert len(sent) == lists


@pytest.mark.slow
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sets(st.text("aZ_-.9é~", min_size=1, max_size=3).filter(lambda t: t.strip(".")), min_size=1, max_size=12),
    st.sampled_from(["{p}__*/x", "{p}_{q}/x", "{p}{q}/x", "{p}.tif/x", "a{p}-*/x", "{p}/x"]),
    st.sets(st.text("aZ_-.9é~", min_size=1, max_size=2).filter(lambda t: t.strip(".")), min_size=1, max_size=3),
)
@example({"9"}, "{p}{q}/x", {".9"})
@example({"9"}, "{p}{q}/x", {"..9"})
def test_looking_for_the_beginning_of_a_name_on_s3_loses_no_key(names, text, values):
    pattern = Pattern.parse(text)
    joints = ["", "__", "_", "-", ".tif"]
    keys = sorted({f"{name}{joint}{tail}/x" for name in {*names, *values} for joint in joints for tail in ("", "b")})
    with s3_bucket() as bucket:
        storage = Storage(f"s3://{bucket}")
        for key in keys:
            storage.put(key, b"x")
        found = list_matching(storage, "data", pattern, {"p": frozenset(values)})
    wanted = {key for key in keys if (match := pattern.match(key)) and match["p"] in values}
    assert wanted <= {file.key for file in found.files}


@pytest.mark.slow
@pytest.mark.parametrize("plates", [2, 17, 40])
def test_many_folders_on_s3_are_listed_in_a_few_spans(plates):
    keys = [f"images/P{plate}/{well}/s1.tif" for plate in range(plates) for well in ("A01", "A02", "ü")]
    with s3_bucket() as bucket:
        storage = Watched(f"s3://{bucket}/x")
        for key in keys:
            storage.put(key, b"x")
        found = list_matching(storage, "data", Pattern.parse("images/{plate}/{well}/s{site:int}.tif"), {})
        assert len(storage.listed) <= 16
        shallow = [Pattern.parse("images/P{x}/{y}/{z}"), Pattern.parse("images/readme.txt")]
        storage.put("images/readme.txt", b"x")
        folded = fold_keys(storage, shallow, list)
        deep = fold_keys(storage, shallow[:1], list)
    assert [file.key for file in found.files] == sorted(keys, key=str.encode)
    assert sorted(key for part in folded for key in part) == sorted([*keys, "images/readme.txt"])
    assert sorted(key for part in deep for key in part if key in keys) == sorted(keys)
    assert (len(folded), len(deep) > 1) == (1, True)


def test_more_values_than_anybody_lists_one_by_one(tmp_path):
    storage = Watched(str(tmp_path))
    _fill(storage)
    only = {"batch": frozenset(f"b{number}" for number in range(1000))}
    found = list_matching(storage, "data", Pattern.parse("images/{batch}/{plate}/{well}_s{site:int}.tif"), only)
    assert len(found.files) == len(KEYS)
    assert storage.listed == ["images/"]


def test_keys_of_several_patterns_are_listed_once(storage):
    _fill(storage)
    patterns = [Pattern.parse(text) for text in ("images/b1/{plate}/{x}", "images/b1/P1/{x}", "images/b1/{y}.txt")]
    [keys] = fold_keys(storage, patterns, set)
    assert keys == {*KEYS[:6], OTHERS[1], OTHERS[3]}
    assert storage.listed == ["images/b1/"]


@settings(deadline=None, max_examples=25)
@given(
    st.sets(st.sampled_from(["a", "a/x.tif", "a/b/x.tif", "ab/x.tif", "b/y.tif", "b/c/y.tif", "x.tif"]), min_size=1),
    st.sampled_from(
        [
            "{p}/{n}.tif",
            "{p}/{q}/{n}.tif",
            "{n}.tif",
            "a/{n}.tif",
            "a{p}/{n}.tif",
            "**/{n}.tif",
            "{q}/{p}/{n}.tif",
            "{q}/{p}{r}/{n}.tif",
            "**/{p}/{n}.tif",
            "{q}(/{p=a})?/{n}.tif",
            "{q}/{n}/{p}.tif",
        ]
    ),
    st.sets(st.sampled_from(["a", "b", "x", "zz"])),
)
def test_restricting_the_listing_restricts_nothing_else(tmp_path_factory, keys, text, values):
    storage = Storage(str(tmp_path_factory.mktemp("list")))
    for key in keys:
        if not any(other.startswith(f"{key}/") for other in keys):
            storage.put(key, b"x")
    pattern = Pattern.parse(text)
    everything = {found.key: pattern.match(found.key) for found in storage.list()}
    wanted = {k for k, v in everything.items() if v is not None and (not values or v.get("p", "a") in values | {"a"})}
    only = {"p": frozenset(values | {"a"})} if values else {}
    listed = list_matching(storage, "data", pattern, only)
    assert wanted <= {file.key for file in listed.files} <= set(everything)
