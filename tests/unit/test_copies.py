"""The copy of a pipeline differs from it in what was asked for, and in nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platerunner_unit.cellprofiler import pipeline_file as cppipe
from platerunner_unit.cellprofiler.copies import LIST_MODULE, write_copy

PIPELINES = sorted((Path(__file__).parents[1] / "data" / "cppipe").glob("*.cppipe"))


def modules(path: Path) -> list[cppipe.Module]:
    """Without the lines that some of them begin at: a copy may leave out a file list."""
    return [replace(module, line=None) for module in cppipe.read(path).modules]


@settings(deadline=None)
@given(data=st.data(), path=st.sampled_from(PIPELINES), newline=st.sampled_from(["\n", "\r\n"]))
def test_modules_are_disabled_and_the_rest_stays(
    data: st.DataObject, path: Path, newline: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("copy")
    source = folder / "p.cppipe"
    source.write_bytes(path.read_text().replace("\n", newline).encode())
    there = modules(source)
    disabled = data.draw(st.sets(st.sampled_from([module.number for module in there])))
    lists = data.draw(st.booleans())
    write_copy(source, folder / "copy" / "p.cppipe", cppipe.read(source), disabled, lists=lists)
    found = modules(folder / "copy" / "p.cppipe")
    wanted = [replace(each, enabled=each.enabled and each.number not in disabled) for each in there]
    assert found[: len(wanted)] == wanted
    assert [each.name for each in found[len(wanted) :]] == [LIST_MODULE] * lists
    assert cppipe.read(folder / "copy" / "p.cppipe").module_count == len(found)


def test_nothing_to_change_is_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "p.cppipe"
    own = b"Images:[notes:[\xff]|enabled:True]\r\n    a:\\x3A\r\n"
    source.write_bytes(b"CellProfiler Pipeline: http://www.cellprofiler.org\r\nVersion:3\r\n\r\n" + own)
    write_copy(source, tmp_path / "copy.cppipe", cppipe.read(source), ())
    assert (tmp_path / "copy.cppipe").read_bytes() == source.read_bytes()


def test_files_of_old_versions_have_no_word_for_enabled(tmp_path: Path) -> None:
    source = tmp_path / "p.cppipe"
    own = "CreateBatchFiles:[module_num:1|show_window:True|variable_revision_number:7]\n    a:b\n"
    source.write_text(f"CellProfiler Pipeline: http://www.cellprofiler.org\nVersion:1\nSVNRevision:9\n\n{own}")
    write_copy(source, tmp_path / "copy.cppipe", cppipe.read(source), {1})
    assert [module.enabled for module in modules(tmp_path / "copy.cppipe")] == [False]


def test_what_the_author_wrote_into_the_notes_is_not_taken_for_a_setting(tmp_path: Path) -> None:
    source = tmp_path / "p.cppipe"
    head = "Images:[module_num:1|variable_revision_number:2|notes:['enabled:True']|enabled:True|wants_pause:False]"
    source.write_text(f"CellProfiler Pipeline: http://www.cellprofiler.org\nVersion:5\n\n{head}\n    a:b\n")
    write_copy(source, tmp_path / "copy.cppipe", cppipe.read(source), {1})
    assert "notes:['enabled:True']|enabled:False|" in (tmp_path / "copy.cppipe").read_text()


@pytest.mark.parametrize(("count", "follows"), [(1, ["Images"]), (2, ["Images", "Groups"])])
def test_the_list_comes_behind_the_modules_that_cellprofiler_reads(
    tmp_path: Path, count: int, follows: list[str]
) -> None:
    """It reads as many as the header says, and takes what comes then for a list of files if the header says so."""
    source = tmp_path / "p.cppipe"
    attributes = "variable_revision_number:2|enabled:True"
    source.write_text(
        f"CellProfiler Pipeline: http://www.cellprofiler.org\nVersion:5\nModuleCount:{count}\nHasImagePlaneDetails:True\n\n"
        f"Images:[module_num:1|{attributes}]\n    a:b\n\nGroups:[module_num:2|{attributes}]\n    a:b\n\n"
        '"Version":"1","PlaneCount":"1"\n"URL","Series","Index","Channel"\n"file:///home/somebody/a.tif",,,\n'
    )
    write_copy(source, tmp_path / "copy.cppipe", cppipe.read(source), (), lists=True)
    text = (tmp_path / "copy.cppipe").read_text()
    assert [module.name for module in modules(tmp_path / "copy.cppipe")] == [*follows, LIST_MODULE]
    assert f"ModuleCount:{len(follows) + 1}\nHasImagePlaneDetails:False\n" in text
    assert "somebody" not in text


def test_a_pipeline_in_json(tmp_path: Path) -> None:
    source = tmp_path / "p.json"
    own = [{"attributes": {"module_name": n, "enabled": True}, "settings": [1]} for n in ("Images", "CreateBatchFiles")]
    source.write_text(json.dumps({"version": "v6", "module_count": 2, "modules": own}))
    write_copy(source, tmp_path / "copy" / "p.json", cppipe.read(source), {2}, lists=True)
    raw = json.loads((tmp_path / "copy" / "p.json").read_text())
    found = [(each["attributes"]["module_name"], each["attributes"]["enabled"]) for each in raw["modules"]]
    assert found == [("Images", True), ("CreateBatchFiles", False), (LIST_MODULE, True)]
    assert (raw["module_count"], raw["modules"][2]["settings"]) == (3, [])
