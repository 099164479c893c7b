"""Tables that list files: LoadData CSVs and samplesheets, their rows checked."""

import csv
import gzip
import re
import sys
from collections import Counter
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path

import pyarrow
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from tests.provider.engine.planning.s3 import s3_bucket

from platerunner.engine.planning.errors import NothingListed, PlanningError
from platerunner.engine.planning.raw_files import loaded_tables
from platerunner.engine.planning.raw_files.dataset import from_dataset
from platerunner.engine.planning.raw_files.tables import load_table
from platerunner.engine.planning.units.grouping import Groups
from platerunner.spec.dataset import Exclusion, FileSet, Table
from platerunner.spec.steps import Step
from platerunner_unit.contract.storage import Storage

PUBLIC = Path(__file__).parents[6] / "shared" / "microscopes"
WELL_COLUMNS = {"plate": "Metadata_Plate", "well": "Metadata_Well", "site": "Metadata_Site"}
OLD = "/home/lab/images"
CHANNELS = ("DNA", "ER")
SITES = [(plate, well, site) for plate in ("P1", "P2") for well in ("A01", "B03") for site in ("1", "2")]


@pytest.fixture(params=["folder", "s3"])
def storage(request, tmp_path):
    if request.param == "folder":
        yield Storage(str(tmp_path / "data"))
    else:
        with s3_bucket() as bucket:
            yield Storage(f"s3://{bucket}/data root")


def key(plate, well, site, channel):
    return f"{plate}/{well}_{site}_{channel}.tif"


def load_data(sites=SITES, root=OLD):
    """The rows of a LoadData CSV: an image set each, its illumination functions beside it."""
    images = [(f"{kind}_Orig{channel}") for channel in CHANNELS for kind in ("PathName", "FileName")]
    yield [*images, *WELL_COLUMNS.values(), "Compound", "FileName_IllumDNA", "PathName_IllumDNA"]
    for plate, well, site in sites:
        names = [text for channel in CHANNELS for text in (f"{root}/{plate}", f"{well}_{site}_{channel}.tif")]
        yield [*names, plate, well, site, f"drug of {well}", f"{plate}.npy", f"{root}/illum/"]


def written(rows, delimiter=","):
    text = StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def as_parquet(rows, **types):
    """The same with typed columns, as a data frame's owner writes it."""
    header, *lines = rows
    columns = {name: list(cells) for name, cells in zip(header, zip(*lines, strict=True), strict=True)}
    arrays = {
        name: pyarrow.array([types[name](cell) if cell else None for cell in cells] if name in types else cells)
        for name, cells in columns.items()
    }
    sink = BytesIO()
    parquet.write_table(pyarrow.table(arrays), sink, row_group_size=3)
    return sink.getvalue()


def change(rows, line, column, text):
    """The rows with another text in one cell; the header is line 1."""
    index = rows[0].index(column)
    return [[*row[:index], text, *row[index + 1 :]] if number == line else row for number, row in enumerate(rows, 1)]


def table(folder, content=None, name="load_data.csv", path="FileName_Orig{channel}", **change):
    """A file set of a table beside the spec."""
    folder.mkdir(exist_ok=True)
    if content is not None:
        (folder / name).write_bytes(content)
    told = {"columns": WELL_COLUMNS, "prefix": {OLD: "raw"}, **change}
    return FileSet("raw", path, table=Table(name, folder, path, **told))


def filled(storage, keys=None):
    for each in [key(*site, channel) for site in SITES for channel in CHANNELS] if keys is None else keys:
        storage.put(f"raw/{each}", each.encode())
    return storage


def test_each_row_is_an_image_set(storage, tmp_path):
    found = from_dataset(table(tmp_path / "specs", written(load_data())), filled(storage), {})
    values = {file.key: tuple(file.values.values()) for file in found.files}
    assert values == {f"raw/{key(*site, c)}": (*site, c) for site in SITES for c in CHANNELS}
    assert found.pattern.wildcards == ("plate", "well", "site", "channel")
    assert all(file.size and file.etag for file in found.files)
    assert found.notes == ()
    assert found.renamed == ("channel", "plate", "site", "well")


def test_files_that_belong_to_many_rows_are_there_once(storage, tmp_path):
    files = table(
        tmp_path / "specs", written(load_data()), path="FileName_Illum{channel}", columns={"plate": "Metadata_Plate"}
    )
    found = from_dataset(files, filled(storage, ["illum/P1.npy", "illum/P2.npy"]), {})
    assert {file.key: file.values for file in found.files} == {
        f"raw/illum/{plate}.npy": {"plate": plate, "channel": "DNA"} for plate in ("P1", "P2")
    }


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("t.csv", written),
        ("t.tsv", lambda rows: written(rows, "\t")),
        ("t.csv", lambda rows: written(rows, ";")),
        ("t.csv", lambda rows: written(rows, "\t").decode().encode("utf-16")),
        ("t.csv", lambda rows: written([[*row, "", ""] for row in rows]) + b"," * 11 + b"\n"),
        ("t.csv.gz", lambda rows: gzip.compress(written(rows))),
        ("t.csv", lambda rows: b"\xef\xbb\xbf" + written(rows).replace(b"\n", b"\r\n")),
        ("t.parquet", as_parquet),
        ("t.parquet", lambda rows: as_parquet(rows, Metadata_Site=int)),
        ("t.parquet", lambda rows: as_parquet(rows, Metadata_Site=float)),
    ],
)
@pytest.mark.parametrize("beside", [True, False])
def test_a_table_is_read_however_it_was_saved(storage, tmp_path, name, make, beside):
    content = make(load_data())
    if not beside:
        storage.put(f"sheets/{name}", content)
    files = table(tmp_path / "specs", content if beside else None, name if beside else f"sheets/{name}")
    found = from_dataset(files, filled(storage), {}).files
    assert {tuple(file.values.values()) for file in found} == {(*site, each) for site in SITES for each in CHANNELS}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no whole Parquet file"),
        (b"PAR1 and then something else", "is no whole Parquet file"),
        (as_parquet(list(load_data()))[:-40], "is no whole Parquet file"),
        (
            as_parquet(change(list(load_data()), 4, "Metadata_Site", ""), Metadata_Site=float),
            "line 4: `Metadata_Site` is",
        ),
        (as_parquet(change(list(load_data()), 1, "Metadata_Well", "Well")), "has no column `Metadata_Well`"),
    ],
)
def test_what_is_wrong_with_a_parquet_table_is_said(tmp_path, content, said):
    with pytest.raises(PlanningError, match=f"dataset.raw: t.parquet.*{said}"):
        from_dataset(table(tmp_path / "specs", content, "t.parquet"), filled(Storage(str(tmp_path / "data"))), {})


def test_without_pyarrow_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        PlanningError, match=r"t.parquet: pyarrow is not installed. `pip install .*\[parquet\]'`, or save"
    ):
        from_dataset(table(tmp_path / "specs", b"PAR1", "t.parquet"), Storage(str(tmp_path / "data")), {})


@pytest.mark.parametrize("root", ["{url}/raw", "raw", "file://{local}/raw", "Z:\\screens", "//nas/x"])
def test_names_of_other_machines_are_found_by_their_beginning(tmp_path, root):
    storage = filled(Storage(str(tmp_path / "data")))
    written_root = root.format(url=storage.url, local=storage.local)
    prefix = {"Z:\\screens": "raw", "//nas/x": "raw"}
    files = table(tmp_path / "specs", written(load_data(root=written_root)), prefix=prefix)
    assert len(from_dataset(files, storage, {}).files) == len(SITES) * len(CHANNELS)


@pytest.mark.parametrize(
    ("where", "exclude", "kept"),
    [
        ({"plate": "P1"}, (), 8),
        ({"well": ["A01"], "channel": "ER"}, (), 4),
        ({"compound": "drug of A01"}, (), 8),
        ({}, [Exclusion({"well": "B03", "site": "1"}, "dry")], 12),
    ],
)
def test_columns_are_wildcards_like_all_others(storage, tmp_path, where, exclude, kept):
    columns = {**WELL_COLUMNS, "compound": "Compound"}
    found = from_dataset(
        table(tmp_path / "specs", written(load_data()), columns=columns), filled(storage), where, exclude
    )
    assert len(found.files) == kept
    assert {file.values["compound"] for file in found.files} <= {"drug of A01", "drug of B03"}


def test_rename_and_derive_hold_for_tables_too(storage, tmp_path):
    files = replace(
        table(tmp_path / "specs", written(load_data())),
        rename={"channel": {"ER": "endoplasmic"}},
        derive={"place": "{well:well96}-{site:02}"},
    )
    found = from_dataset(files, filled(storage), {"place": "A01-02"})
    assert {(file.values["place"], file.values["channel"]) for file in found.files} == {
        ("A01-02", "DNA"),
        ("A01-02", "endoplasmic"),
    }


def units_that_lack(found, *foreach):
    groups = Groups(Step("s", "m", foreach, {}, {}), {"images": found})
    return [
        each.unit for each in groups.candidates() if any(f.size is None for f in groups.inputs(each.values)["images"])
    ]


@pytest.mark.parametrize("further", [{}, {"compound": "Compound"}])
@pytest.mark.parametrize(("complete", "plates"), [((), ["plate=P1"]), (("site", "channel"), [])])
def test_a_file_that_is_not_there_fails_its_unit_and_is_told(storage, tmp_path, complete, plates, further):
    keys = [key(*site, channel) for site in SITES for channel in CHANNELS]
    columns = {**further, **WELL_COLUMNS}
    files = replace(table(tmp_path / "specs", written(load_data()), columns=columns), complete=complete)
    found = from_dataset(files, filled(storage, keys[1:]), {})
    told = f"dataset.raw: 1 of the files that load_data.csv names are not there: `raw/{keys[0]}` (line 2)"
    assert found.notes == (told,)
    assert units_that_lack(found, "plate", "well") == ["plate=P1/well=A01"]
    assert units_that_lack(found, "plate") == plates
    assert from_dataset(files, storage, {"plate": "P2"}).notes == ()


def test_complete_asks_for_rows(storage, tmp_path):
    files = replace(table(tmp_path / "specs", written(load_data(SITES[1:]))), complete=("site", "channel"))
    found = from_dataset(files, filled(storage), {})
    assert {file.key for file in found.absent} == {
        f"load_data.csv (no row of plate P1, well A01, site 1, channel {channel})" for channel in CHANNELS
    }
    assert units_that_lack(found, "plate", "well") == ["plate=P1/well=A01"]


def test_only_the_folders_of_the_table_are_listed(tmp_path):
    with s3_bucket() as bucket:
        storage = filled(Storage(f"s3://{bucket}/x"))
        listed = []
        counting = Storage(storage.url)
        counting.list = lambda prefix="", after="": listed.append(prefix) or storage.list(prefix, after)
        from_dataset(table(tmp_path / "specs", written(load_data())), counting, {"plate": "P2"})
        assert listed == ["raw/P2/"]


def test_very_many_folders_with_few_files_are_listed_together(tmp_path, monkeypatch):
    monkeypatch.setattr(loaded_tables, "MANY", 6)
    storage, rows = Storage(str(tmp_path / "data")), [["file", "plate", "well"]]
    for plate in ("P1", "P2"):
        for well in range(5):
            storage.put(f"raw/{plate}/{well}/a.tif", b"x")
            rows.append([f"raw/{plate}/{well}/a.tif", plate, str(well)])
    storage.put("raw/P3/1/a.tif", b"x")
    columns = {"plate": "plate", "well": "well"}
    files = table(tmp_path / "specs", written(rows), path="file", columns=columns, prefix={})
    loaded = load_table("dataset.raw", files.table, storage, {})
    assert loaded.folders({}) == {"raw/P1/", "raw/P2/"}
    assert loaded.folders({"plate": frozenset({"P1"})}) == {f"raw/P1/{well}/" for well in range(5)}
    assert len(from_dataset(files, storage, {}).files) == 10


ROWS = list(load_data())
BROKEN = [
    (written(change(ROWS, 4, "Metadata_Well", " ")), "line 4: `Metadata_Well` is empty"),
    (written(change(ROWS, 9, "FileName_OrigER", "")), "line 9: `FileName_OrigER` is empty"),
    (written(change(ROWS, 2, "PathName_OrigER", "")), "line 2: `PathName_OrigER` is empty"),
    (written([*ROWS, ROWS[2]]), "line 10 says what another line says (`raw/P1/A01_2_DNA.tif` is in line 3, too)"),
    (written(change(ROWS, 3, "Metadata_Site", "1")), "the same values as `raw/P1/A01_1_DNA.tif` of line 2 (col"),
    (written(change(ROWS, 3, "FileName_OrigDNA", "A01_1_DNA.tif")), "is in line 2, too, with other values"),
    (written(change(ROWS, 5, "PathName_OrigER", "/mnt/x")), "line 5: `/mnt/x/B03_2_ER.tif` does not lie under"),
    (written(change(ROWS, 5, "PathName_OrigER", f"{OLD}/../..")), "/../../B03_2_ER.tif` has an empty"),
    (written(change(ROWS, 5, "Metadata_Well", "a/b")), "line 5: `a/b` is not usable as a name"),
    (written([*ROWS, ROWS[2][:-1]]), "line 10 has 9 cells, the header 10"),
    (written(change(ROWS, 1, "Metadata_Well", "Metadata_well")), "`Metadata_Well`. Did you mean `Metadata_well`?"),
    (written([[name.lower() for name in ROWS[0]], *ROWS[1:]]), "has no column `FileName_Orig{channel}`"),
    (written(change(ROWS, 1, "Compound", "Metadata_Well")), "has two columns `Metadata_Well`"),
    (written(ROWS).replace(b"drug of A01", b"dr\xfcg", 1), "line 2 is no UTF-8"),
    (written(ROWS).decode().encode("utf-16-le"), "is no text: save the table as `CSV UTF-8`"),
    (b"", "is empty: write the names of its columns"),
    (b"\n" + written(ROWS), "begins with no header: delete what stands above"),
    (written(ROWS[:1]), "has no row"),
    (written(ROWS).replace(b"A01", b'"A01', 1), "line 2: a quote opens there and never closes: close it"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said"), BROKEN, ids=[said for _, said in BROKEN])
def test_what_is_wrong_with_a_table_is_said_with_its_line(tmp_path, content, said):
    with pytest.raises(PlanningError) as caught:
        from_dataset(table(tmp_path / "specs", content), filled(Storage(str(tmp_path / "data"))), {})
    assert str(caught.value).startswith("dataset.raw: load_data.csv")
    assert said in str(caught.value)
    assert caught.value.keys == ("dataset", "files", "raw", "table")


def test_many_rows_with_the_same_values_are_counted_and_few_of_them_looked_for(tmp_path):
    rows = [ROWS[0], *([*row[:4], "P1", "A01", "1", *row[7:]] for row in ROWS[1:])]
    with pytest.raises(
        PlanningError, match=r"line 3: `raw/P1/A01_2_DNA.tif` has the same values as .* and 2 more"
    ) as caught:
        from_dataset(table(tmp_path / "specs", written(rows)), filled(Storage(str(tmp_path / "data"))), {})
    assert str(caught.value).count("has the same values as `raw/P1/A01_1_DNA.tif` of line 2") == 5


def test_a_row_of_which_nothing_can_be_derived_is_said_with_its_line(tmp_path):
    storage = filled(Storage(str(tmp_path / "data")))
    rows = change(change(ROWS, 5, "Metadata_Well", "Q25"), 3, "Metadata_Well", "A1")
    files = replace(table(tmp_path / "specs", written(rows)), derive={"place": "{well:well384}-{site}"})
    with pytest.raises(PlanningError) as caught:
        from_dataset(files, storage, {})
    said = (
        "dataset.raw: load_data.csv: line 5: `derive` makes nothing of it: `Q25` is not usable as a well of a 384-well"
    )
    assert str(caught.value).startswith(said)
    assert str(caught.value).endswith(" Fix the table, or change `derive`.")
    fixed = table(tmp_path / "specs", written(change(rows, 5, "Metadata_Well", "P24")))
    assert len(from_dataset(replace(fixed, derive=files.derive), storage, {}).files) == len(SITES) * len(CHANNELS)


def test_what_is_wrong_with_many_rows_is_counted(tmp_path):
    rows = [ROWS[0], *([*row[:4], "", *row[5:]] for row in ROWS[1:])]
    with pytest.raises(PlanningError, match="line 6: `Metadata_Plate` is empty and 3 more"):
        from_dataset(table(tmp_path / "specs", written(rows)), filled(Storage(str(tmp_path / "data"))), {})


def test_a_table_that_is_nowhere_and_one_whose_files_are(storage, tmp_path):
    with pytest.raises(PlanningError, match=r"neither beside the spec .* nor under the root"):
        from_dataset(table(tmp_path / "specs"), filled(storage), {})
    with pytest.raises(PlanningError, match="no whole gzip file"):
        from_dataset(table(tmp_path / "specs", gzip.compress(written(ROWS))[:-9], "t.csv.gz"), storage, {})
    files = table(tmp_path / "specs", written(ROWS), prefix={OLD: "elsewhere"})
    said = r"none of the 16 files .* such as `elsewhere/P1/A01_1_DNA.tif` \(line 2\); `raw/.*tif` is there"
    with pytest.raises(NothingListed, match=said):
        from_dataset(files, filled(storage), {})


@pytest.mark.parametrize("root", [r"C:\screens\it's", "/mnt/x", "s3://other/y", "old"])
def test_the_prefix_that_a_message_names_helps(tmp_path, root):
    storage = filled(Storage(str(tmp_path / "data")))
    files = table(tmp_path / "specs", written(load_data(root=root)), prefix={})
    with pytest.raises(PlanningError) as caught:
        from_dataset(files, storage, {})
    told = re.search(r"`prefix: (\{.*?\})`", str(caught.value))[1]
    prefix = {old: new or "raw/" for old, new in yaml.safe_load(told).items()}
    fixed = replace(files, table=replace(files.table, prefix=prefix))
    assert len(from_dataset(fixed, storage, {}).files) == len(SITES) * len(CHANNELS)


@pytest.mark.parametrize("prefix", [{OLD: "raw"}, {OLD: "raw/"}, {f"{OLD}/": "raw/"}, {"/home/lab/images": "./raw/"}])
def test_a_slash_at_the_end_of_a_prefix_changes_nothing(tmp_path, prefix):
    storage = filled(Storage(str(tmp_path / "data")))
    files = table(tmp_path / "specs", written(load_data()), prefix=prefix)
    assert len(from_dataset(files, storage, {}).files) == len(SITES) * len(CHANNELS)


def test_rows_that_nobody_asks_for_are_passed_over(storage, tmp_path):
    rows = change(ROWS, 9, "FileName_OrigER", "")
    files = table(tmp_path / "specs", written(rows))
    assert rows[8][rows[0].index("Metadata_Plate")] == "P2"
    assert {file.values["plate"] for file in from_dataset(files, filled(storage), {"plate": "P1"}).files} == {"P1"}
    with pytest.raises(PlanningError, match="line 9: `FileName_OrigER` is empty"):
        from_dataset(files, storage, {"plate": "P2"})


def test_where_asks_for_what_no_row_has(storage, tmp_path):
    files = table(tmp_path / "specs", written(ROWS))
    for where, said in (
        ({"plate": "P9"}, "load_data.csv has no row with plate in [P9]; {plate} has the values P1, P2"),
        ({"channel": "RNA"}, "load_data.csv has no row with channel in [RNA]; {channel} has the values DNA, ER"),
    ):
        with pytest.raises(NothingListed, match=re.escape(said)) as caught:
            from_dataset(files, filled(storage), where)
        assert caught.value.keys == ("dataset", "where", *where)


def test_a_link_leads_to_no_table_of_others(tmp_path):
    (tmp_path / "secret.csv").write_bytes(written(ROWS))
    files = table(tmp_path / "specs")
    (tmp_path / "specs" / "load_data.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(PlanningError, match="is not below the folder of this spec"):
        from_dataset(files, filled(Storage(str(tmp_path / "data"))), {})


def test_a_folder_is_no_table(tmp_path):
    files = table(tmp_path / "specs")
    (tmp_path / "specs" / "load_data.csv").mkdir()
    with pytest.raises(PlanningError, match="neither beside the spec"):
        from_dataset(files, filled(Storage(str(tmp_path / "data"))), {})


def test_what_a_table_does_not_name_is_no_surprise(storage, tmp_path):
    found = from_dataset(
        table(tmp_path / "specs", written(ROWS)), filled(storage, [key(*SITES[0], "DNA"), "P1/thumb.tif"]), {}
    )
    assert len(found.files) == 1
    assert not any("no pattern" in note for note in found.notes)


NF_CORE = {"plate": "plate", "well": "well", "site": "site", "channel": "channel"}
POOLED = {"batch": "batch", "plate": "plate", "well": "well", "site": "site"}
GALLERY = {"s3://cellpainting-gallery/": "", "/home/ubuntu/bucket/": ""}
SANDBOX = {"s3://nf-pooled-cellpainting-sandbox/": ""}
# As they come: the column of the files, those of the wildcards, the rows, and how many files of how many wells.
AS_THEY_COME = {
    "nf-core-cellpainting/samplesheet.csv": ("path", NF_CORE, {}, 48, 3),
    "nf-pooled-cellpainting/samplesheet.csv": ("path", POOLED, {"arm": "painting"}, 12, 3),
    "nf-pooled-cellpainting/samplesheet.csv#": ("path", {**POOLED, "cycle": "cycle"}, {"arm": "barcoding"}, 36, 3),
    "distributed-cellprofiler/load_data_gallery_first_120.csv": ("FileName_Orig{channel}", WELL_COLUMNS, {}, 595, 14),
    "nf-core-cellpainting/load_data.csv": ("URL_Orig{channel}", WELL_COLUMNS, {}, None, 1),
}


@pytest.mark.skipif(not PUBLIC.exists(), reason="the tables are not there")
@pytest.mark.parametrize("name", AS_THEY_COME)
def test_public_tables_are_read_as_they_come(name, tmp_path):
    path, columns, rows, count, wells = AS_THEY_COME[name]
    content = (PUBLIC / "rivals" / name.rstrip("#")).read_bytes()
    files = table(tmp_path / "specs", content, path=path, columns=columns, rows=rows, prefix={**GALLERY, **SANDBOX})
    storage = Storage(str(tmp_path / "data"))
    storage.put("x", b"")
    with pytest.raises(NothingListed, match=r"none of the [0-9,]+ files"):
        from_dataset(files, storage, {})
    reader = csv.DictReader(StringIO(content.decode()))
    for row in reader:
        for column, text in row.items():
            if column.startswith(("path", "URL_Orig", "FileName_Orig")):
                whole = row.get(column.replace("FileName_", "PathName_"), "") + text if "FileName_" in column else text
                for old in (*GALLERY, *SANDBOX):
                    whole = whole.removeprefix(old)
                storage.put(whole, b"x")
    found = from_dataset(files, storage, {})
    assert found.notes == ()
    assert count is None or len(found.files) == count
    assert len(Counter((file.values["plate"], file.values["well"]) for file in found.files)) == wells


NAMES = st.text(st.characters(categories=["L", "N"], include_characters="_- ,;\"'()"), min_size=1, max_size=6).filter(
    lambda text: text == text.strip() and text
)


@pytest.mark.slow
@given(st.dictionaries(st.tuples(NAMES, NAMES), NAMES, min_size=1, max_size=8), st.sampled_from([",", "\t"]))
def test_what_is_written_as_csv_is_read_back(tmp_path_factory, wells, delimiter):
    folder = tmp_path_factory.mktemp("t")
    storage = Storage(str(folder / "data"))
    rows = [["file", "p", "w", "drug"]]
    for number, ((plate, well), drug) in enumerate(wells.items()):
        storage.put(f"{number}.tif", b"x")
        rows.append([f"{number}.tif", plate, well, drug])
    columns = {"plate": "p", "well": "w", "drug": "drug"}
    files = table(folder / "specs", written(rows, delimiter), path="file", columns=columns)
    found = from_dataset(files, storage, {})
    assert {(f.values["plate"], f.values["well"]): f.values["drug"] for f in found.files} == wells
