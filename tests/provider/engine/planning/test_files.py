"""A table of files gives back what was put into it, whatever is taken out, added or renamed."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from platerunner.engine.planning.files import Files
from platerunner_unit.contract.manifest import InputFile

VALUES = st.dictionaries(st.sampled_from(["plate", "well", "site"]), st.integers(0, 3) | st.sampled_from(["A", "01"]))
FILE = st.one_of(
    st.builds(InputFile, st.text(min_size=1), st.just("data"), st.integers(0, 2**50), st.text(), VALUES),
    st.builds(InputFile, st.text(min_size=1), st.just("data"), values=VALUES),
)
MANY = st.lists(FILE, max_size=8)


@given(MANY, MANY)
def test_files_come_back_as_they_were(some, others):
    files = Files.of(some, "data")
    both = files.plus(others)
    assert list(files) == some
    assert list(both) == [*some, *others]
    assert list(both.values()) == [file.values for file in both]
    assert list(both[1:3]) == [*some, *others][1:3]


@given(MANY)
def test_a_test_on_wildcards_keeps_what_passes(some):
    files = Files.of(some, "data")
    kept = files.where(lambda values: values.get("well") == "A")
    assert list(kept) == [file for file in some if file.values.get("well") == "A"]
    assert kept.distinct("site") == {file.values["site"] for file in kept if "site" in file.values}
    assert files.distinct("nowhere") == set()


@given(MANY, st.lists(st.sampled_from(["plate", "well", "site", "nowhere"]), max_size=3))
def test_texts_are_those_of_the_values(some, names):
    wanted = [tuple(str(f.values[name]) if name in f.values else None for name in names) for f in some]
    assert list(Files.of(some, "data").texts(names)) == wanted


def test_two_values_may_go_by_one_name_and_the_old_names_stay():
    some = [InputFile(name, "data", 1, name, {"channel": name}) for name in ("DAPI", "GFP", "Cy5")]
    files = Files.of(some, "data")
    renamed = files.renamed({"channel": {"DAPI": "DNA", "GFP": "DNA"}})
    assert [file.values["channel"] for file in renamed] == ["DNA", "DNA", "Cy5"]
    assert [file.key for file in renamed] == ["DAPI", "GFP", "Cy5"]
    assert renamed.distinct("channel") == {"DNA", "Cy5"}
    assert list(files) == some


def test_a_file_takes_about_a_hundred_bytes():
    def some(number):
        return [InputFile(f"images/P1/{i:08d}.tif", "data", 10**6, f"{i:032x}", {"site": i % 9}) for i in range(number)]

    tracemalloc.start()
    try:
        files = Files.of(some(20_000), "data")
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / len(files) < 150
