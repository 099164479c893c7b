"""Folders that are one thing: staged whole or not at all, on S3 and in folders."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.bench import Bench, folder_bench

from platerunner_unit.contract.folders import UNFINISHED, FolderListing
from platerunner_unit.contract.manifest import InputFile, OutputFile
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import folder_of, marker_of, shown_key
from platerunner_unit.runner.expected import locate, unclaimed
from platerunner_unit.runner.stage import Stager, StagingError
from platerunner_unit.tools import folders

KEY = marker_of("vol/P1.zarr")
STAGER = Stager(back_off_s=0.01)


@pytest.fixture(params=["folder", "s3"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return request.getfixturevalue("s3") if request.param == "s3" else folder_bench(tmp_path)


def written(root: Path, chunks: int = 5, **metadata: str) -> Path:
    """An OME-Zarr image as a tool writes it."""
    root.mkdir(parents=True)
    told = {".zgroup": '{"zarr_format": 2}', ".zattrs": json.dumps({"multiscales": [{"datasets": [{"path": "0"}]}]})}
    for name, text in {**told, "0/.zarray": "{}", **metadata}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    for n in range(chunks):
        (root / "0" / f"0.{n}").write_bytes(n.to_bytes(2) * 5)
    return root


def staged_out(store: Storage, folder: Path) -> str:
    (record,) = STAGER.stage_out(store, [("volume", KEY, folder)])
    return record.sha256


def as_input(store: Storage) -> InputFile:
    found = store.head(KEY)
    return InputFile(KEY, "workspace", found.size, found.etag)


def test_a_folder_goes_out_and_comes_in_as_one_thing(bench: Bench, tmp_path: Path) -> None:
    folder = written(tmp_path / "out" / "P1.zarr")
    identity = staged_out(bench.store, folder)
    target = tmp_path / "in" / "P1.zarr"
    for _ in range(2):  # the second finds what the first one fetched
        STAGER.stage_in(bench.store, [as_input(bench.store)], lambda _file: target)
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 8
    assert all((target / file).read_bytes() == (folder / file).read_bytes() for file in files)
    before = bench.store.head(KEY)
    assert staged_out(bench.store, folder) == identity
    assert bench.store.head(KEY) == before  # nothing was written again, so nothing after it runs again


def test_another_content_is_another_identity_and_leaves_no_stray_file(bench: Bench, tmp_path: Path) -> None:
    first = staged_out(bench.store, written(tmp_path / "a", 5))
    second = staged_out(bench.store, written(tmp_path / "b", 3))
    assert first != second
    there = {each.key for each in bench.store.list("vol/P1.zarr/0/")}
    assert there == {f"vol/P1.zarr/0/{name}" for name in (".zarray", "0.0", "0.1", "0.2")}


def test_a_folder_cut_off_in_the_middle_is_not_there_and_goes_on(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path / "out", 40)
    staged_out(bench.store, written(tmp_path / "earlier", 2))
    sent: list[str] = []
    upload = Storage.upload

    def dying(storage: Storage, source: Path, key: str, sha256: str) -> None:
        if len(sent) >= 20:
            raise KeyboardInterrupt
        sent.append(key)
        upload(storage, source, key, sha256)

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "upload", dying)
        with pytest.raises(KeyboardInterrupt):
            staged_out(bench.store, folder)
    assert not bench.store.exists(KEY)  # not even the marker of what was there before
    listed = FolderListing.of("vol/P1.zarr", bench.store.list("vol/P1.zarr/"))
    assert not listed.is_finished  # nor is it raw data for another pipeline
    again: list[str] = []

    def counted(storage: Storage, source: Path, key: str, sha256: str) -> None:
        again.append(key)
        upload(storage, source, key, sha256)

    monkeypatch.setattr(Storage, "upload", counted)
    staged_out(bench.store, folder)
    assert bench.store.exists(KEY)
    assert not bench.store.exists(f"vol/P1.zarr/{UNFINISHED}")
    assert not set(sent) & set(again)  # what had arrived stays


STAGE_OUT = """
import sys
from pathlib import Path
from platerunner_unit.contract.storage import Storage
from platerunner_unit.runner.stage import Stager
Stager().stage_out(Storage(sys.argv[1]), [("volume", sys.argv[2], Path(sys.argv[3]))])
"""


@pytest.mark.slow
def test_a_folder_whose_upload_is_killed_again_and_again_is_whole_or_not_there(bench: Bench, tmp_path: Path) -> None:
    folder = written(tmp_path / "out" / "P1.zarr", 400)
    argv = [sys.executable, "-c", STAGE_OUT, bench.workspace, KEY, str(folder)]
    arrived = [0]
    for more in (1, 60, 180):
        with subprocess.Popen(argv, env={**os.environ, **bench.environ}) as process:
            while process.poll() is None and arrived[-1] < more:
                arrived.append(sum(not each.key.endswith(UNFINISHED) for each in bench.store.list("vol/P1.zarr/0/")))
            process.kill()
        assert process.returncode == -signal.SIGKILL, arrived
        assert not bench.store.exists(KEY)
    assert arrived == sorted(arrived)  # what had arrived is not taken back
    assert staged_out(bench.store, folder) == staged_out(Storage(str(tmp_path / "whole")), folder)
    target = tmp_path / "in" / "P1.zarr"
    STAGER.stage_in(bench.store, [as_input(bench.store)], lambda _file: target)
    assert sum(path.is_file() for path in target.rglob("*")) == 403
    assert not bench.store.exists(f"vol/P1.zarr/{UNFINISHED}")


def test_a_folder_that_lost_a_file_is_refused_with_a_remedy(bench: Bench, tmp_path: Path) -> None:
    staged_out(bench.store, written(tmp_path / "out"))
    file = as_input(bench.store)
    bench.store.delete("vol/P1.zarr/0/0.3")
    with pytest.raises(StagingError) as caught:
        STAGER.stage_in(bench.store, [file], lambda _file: tmp_path / "in")
    told = caught.value.failures[0].text
    assert "0/0.3" in told
    staged_out(bench.store, tmp_path / "out")  # the marker alone is no proof
    STAGER.stage_in(bench.store, [as_input(bench.store)], lambda _file: tmp_path / "in2")


def test_a_raw_folder_is_what_was_listed_or_nothing(bench: Bench, tmp_path: Path) -> None:
    data = Storage(bench.data)
    for name in (".zgroup", "0/.zarray", "0/0.0"):
        data.put(f"P1.zarr/{name}", b"{}")
    listed = list(data.list("P1.zarr/"))
    assert FolderListing.of("P1.zarr", listed).etag == FolderListing.of("P1.zarr", reversed(listed)).etag
    file = InputFile("P1.zarr/", "data", 6, FolderListing.of("P1.zarr", listed).etag)
    inside = InputFile("P1.zarr/.zgroup", "data", 2, "e")
    STAGER.stage_in(data, [file, inside], lambda each: tmp_path / "in" / (folder_of(each.key) or each.key))
    assert (tmp_path / "in/P1.zarr/0/0.0").read_bytes() == b"{}"
    assert data.exists("P1.zarr/.zgroup")  # a file of the folder comes with it, and is not put into its place
    data.put("P1.zarr/0/0.1", b"new")
    with pytest.raises(StagingError, match="changed while the run was going on: 9 bytes in 4 files now, 6 bytes when"):
        STAGER.stage_in(data, [file], lambda _file: tmp_path / "late")


def test_what_stands_for_a_folder_is_no_path_for_people() -> None:
    assert [folder_of(key) for key in (KEY, "a/b.zarr/", "a/b.tif")] == ["vol/P1.zarr", "a/b.zarr", None]
    assert [shown_key(key) for key in (KEY, "a/b.tif")] == ["vol/P1.zarr/", "a/b.tif"]


@pytest.mark.parametrize(
    ("name", "files", "problem"),
    [
        ("a.zarr", {"0/0": ""}, "is named as a Zarr, but has no metadata: `zarr.json` or `.zgroup` or `.zarray` is"),
        ("a.n5", {"c0/0/0": ""}, "is named as a N5, but has no metadata: `attributes.json` is missing at its top"),
        ("a.zarr", {".zgroup": "{", "0": ""}, "is damaged: `.zgroup` is no JSON"),
        ("a.zarr", {"zarr.json": '{"attributes": {"ome": {"plate": {"wells": [{"path": "A/1"}]}}}}'}, "names `A/1`"),
        ("a.zarr", {".zgroup": "{}", ".zattrs": '{"multiscales": [{"datasets": [{"path": "1"}]}]}'}, "names `1`, wh"),
        ("a.zarr", {"zarr.json": "{}", "c/0": ""}, None),
        ("frames", {"1.raw": ""}, None),
        ("frames", {}, "is an empty folder"),
    ],
)
def test_a_folder_is_what_its_name_says(tmp_path: Path, name: str, files: dict[str, str], problem: str | None) -> None:
    (tmp_path / name).mkdir()
    for file, text in files.items():
        (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name / file).write_text(text)
    found = folders.problem(tmp_path / name)
    assert found is None if problem is None else problem in (found or "")


WRITE = "import os; os.makedirs(p + '/0'); [open(p + '/' + n, 'w').write('{{}}') for n in ('.zgroup', '0/.zarray')]"
READ = "import os, sys; open(sys.argv[2], 'w').write(' '.join(sorted(os.listdir(sys.argv[1]))))"


@pytest.mark.slow
@pytest.mark.parametrize("place", ["{outputs.o}", "{out}/P1.zarr"])
def test_a_unit_writes_a_folder_and_another_reads_it(bench: Bench, place: str) -> None:
    step = bench.step(["python", "-c", f"import sys; p = sys.argv[1]; {WRITE}", place])
    ran = bench.run(step, bench.unit(outputs={"o": (OutputFile(KEY),)}))
    assert ran.category == "succeeded", ran.sentence
    assert ran.outcome is not None
    assert [(each["key"], each["size"]) for each in ran.outcome.evidence["outputs"]] == [("vol/P1.zarr/", 4)]
    assert ran.outcome.evidence["unclaimed_count"] == 0
    reader = bench.step(["python", "-c", READ, "{inputs.i}", "{outputs.o}"])
    read = bench.run(reader, bench.unit(["names.txt"], [as_input(bench.store)], fingerprint="f2"))
    assert read.category == "succeeded", read.sentence
    assert bench.store.get("names.txt").split() == [b".zgroup", b"0"]


def test_a_unit_that_writes_half_a_zarr_fails_and_leaves_nothing(tmp_path: Path) -> None:
    bench = folder_bench(tmp_path)
    ran = bench.run(
        bench.step(["sh", "-c", 'mkdir -p "$1/0" && echo 1 >"$1/0/0.0"', "sh", "{outputs.o}"]),
        bench.unit(outputs={"o": (OutputFile(KEY),)}),
    )
    assert ran.category == "output_missing"
    assert "vol/P1.zarr/ is named as a Zarr, but has no metadata" in ran.sentence
    assert not list(bench.store.list("vol"))


@pytest.fixture
def looked(tmp_path: Path) -> Callable[..., list[tuple[str | None, str]]]:
    def look(*files: str) -> list[tuple[str | None, str]]:
        for file in files:
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text("x")
        unit = Bench("", "", tmp_path).unit(outputs={"o": (OutputFile(KEY),)})
        found = locate(unit, tmp_path, lambda _: None)
        assert not unclaimed(found, tmp_path) or found[0].path is None
        return [(each.path.name if each.path else None, each.cause or each.problem or "") for each in found]

    return look


def test_a_folder_is_found_by_the_end_of_its_path(looked: Callable[..., list[tuple[str | None, str]]]) -> None:
    assert looked("P1.zarr/0/0") == [("P1.zarr", "")]
    assert looked("other/P1.zarr/0") == [(None, "P1.zarr/ and other/P1.zarr/ could both be meant")]


def test_a_file_in_place_of_a_folder_is_named(looked: Callable[..., list[tuple[str | None, str]]]) -> None:
    assert looked("P1.zarr") == [(None, "output_is_file")]
