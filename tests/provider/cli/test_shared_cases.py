"""Situations from public reports and trials that went wrong, each as its reporter met it: what is said of it today.

They lie beside the project, are used in place, or are not tried. `docs/reference/situations.md` tells them all.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.provider.engine.planning.s3 import requests_for, s3_bucket
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner_unit.contract.storage import Storage

ROOT = Path(__file__).parents[3]
FOLDER = ROOT.parent / "shared" / "cases"
TABLE = ROOT / "docs/reference/situations.md"


class Case(NamedTuple):
    """A command over a case's folder, and what it has to say.

    :param says: parts of its output.
    :param keeps_quiet: what must not be in it.
    :param files: raw files that the case lacks.
    """

    command: tuple[str, ...]
    code: int
    says: tuple[str, ...]
    keeps_quiet: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


WELL = ("P1/A01.txt",)
TAKEN_TWICE = "2 files have the same values (plate BR2, well r02c02, site 1, plane 1, channel 1, t 1)"
NO_END = "a name does not say where"
CASES = {
    "appledouble": Case(("plan", "spec.yaml"), 0, ("mac: 0 done, 2 pending", "A01: new", "A02: new"), ("._A0",)),
    "asked_for_but_absent": Case(
        ("plan", "spec.yaml"), 0,
        ("dataset.d: `where` (line 9 of spec.yaml) asks for plate P3", "asks for well A03, A04",
         "dataset.e: `where` (line 9 of spec.yaml) asks for plate P3", "P2/A03.tif, P2/A04.tif"),
    ),
    "dup_rows": Case(
        ("plan", "spec.yaml"), 2,
        ("spec.yaml:7: dataset.raw", "`P1/A01_s1_DNA_0901.tif` and `P1/A01_s1_DNA_1130.tif`", "{part}"),
    ),
    "feeds_on_itself": Case(
        ("plan", "spec.yaml"), 2, ("gather.all", "dataset.raw", "`{plate}/{well}.txt`", "P1/sum.txt"), files=WELL
    ),
    "guid_after_number": Case(
        ("validate", "spec.yaml"), 1,
        (f"spec.yaml:7:44: {NO_END} `{{site:int}}` ends", f"spec.yaml:8:60: {NO_END}", "`{guid:36}`", "`{:36}`"),
    ),
    "names_imagexpress/1": Case(
        ("plan", "spec1.yaml"), 0, ("48 of the files that `complete` asks for are not there", "_w107447153-AC76")
    ),
    "names_imagexpress/2": Case(
        ("validate", "spec2.yaml"), 1, (f"spec2.yaml:7:61: {NO_END} `{{ch:digits}}` ends and `*` begins",)
    ),
    "plan_local_traceback": Case(
        ("plan", "--local", "spec.yaml"), 0,
        ("cellprofiler:4.2.6: counts by name", "does not stand in for it", "illum_calc: 0 done, 1 pending"),
        files=("Demo1/A01_s1_DAPI.tif",),
    ),
    "plan_local_traceback/commit": Case(
        ("validate", "spec.yaml"), 0,
        ("spec.yaml:56:40: warning: the images catalog has `cellprofiler:4.2.8`, not `cellprofiler:4.2.6`",),
    ),
    "same_name_same_workspace": Case(
        ("validate", "."), 1,
        ("p2.yaml:9:3: `count` of ", "p1.yaml keeps its records in the same workspace",
         "p3.yaml:2:1: pipeline `one` is also in "),
    ),
    "same_values_twice": Case(
        ("plan", "spec.yaml"), 2,
        (f"spec.yaml:7: dataset.two: {TAKEN_TWICE}", "Measurement1/Images/", "Measurement2/Images/",
         "`w/P1/A01_s1.tif` and `w/P1/A1_s1.tif` and `w/P1/a01_s1.tif`"),
    ),
    "thumbs_averaged": Case(
        ("plan", "spec.yaml"), 2, (f"spec.yaml:7:66: {NO_END} `{{channel}}` ends and `*` begins",)
    ),
    "two_measurements": Case(
        ("plan", "spec.yaml"), 2,
        (f"spec.yaml:7: dataset.two: {TAKEN_TWICE}", "Measurement1/Images/", "Measurement2/Images/"),
    ),
    "two_steps_one_file": Case(
        ("plan", "spec.yaml"), 2, ("gather.all", "count.table", "count/P1/A01.csv"), files=WELL
    ),
    "wrong_hint_for_a_command": Case(
        ("validate", "spec.yaml"), 1,
        ("spec.yaml:24:32: `{inputs.made}` stands for several files", '"{outputs.all}"'), ("CellProfiler",),
    ),
}  # fmt: skip
SCHEDULES = ("0 0 31 2 *", "0 0 6 * * *", "0 0 6 * * * 2027", "R R * * *")
HELD = {
    "backfill_same_units_four_times": "test_what_a_run_has_going_is_waited_for",
    "failed_units_not_found": "test_what_failed_is_listed_whatever_images_are_known_here",
    "import_error_comes_and_goes": "test_its_lines_are_the_import_error_of_a_file_that_has_no_dag",
    "mixed_site_counts": "test_it_asks_for_what_it_says_and_no_more",
    "names_phenix": "test_a_pattern_reads_what_the_instrument_meant",
    "own_load_data_csv": "test_each_row_is_an_image_set",
    "refused_submission_is_repeated": "test_a_queue_that_was_deleted_is_replaced",
    "renamed_step_runs_all_again": "test_a_renamed_step_keeps_what_it_did_and_says_so",
    "row_column_names": "test_what_is_made_is_a_wildcard_like_all_others",
    "spec_changed_in_flight": "test_a_spec_that_changes_in_flight_is_followed_in_the_same_try",
    "well_arriving_in_flight_is_left_out": "test_a_well_that_arrives_in_flight_runs",
}
"""Cases of runs, of Airflow, and of words that the language lacked, with the test of their kind."""
NAMES = {*(name.partition("/")[0] for name in CASES), *HELD, "cron_that_never_fires", "list_whole_root"}
WHERE_THERE = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"there are no cases in {FOLDER}")


def test_the_cases_are_there_where_they_have_to_be() -> None:
    if os.environ.get("PLATERUNNER_REQUIRE_CORPUS"):
        assert {name for name in NAMES if not (FOLDER / name).is_dir()} == set()


def test_each_case_has_its_row_in_the_docs() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", TABLE.read_text(), re.MULTILINE)) == NAMES


@pytest.mark.parametrize("test", HELD.values(), ids=HELD)
def test_what_holds_a_case_is_there(test: str) -> None:
    assert any(f"\ndef {test}(" in path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))


@pytest.fixture(autouse=True)
def nothing_known_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)


def say(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, words)
    return done.exit_code, done.output


@WHERE_THERE
@pytest.mark.parametrize("name", CASES)
def test_what_went_wrong_is_said_before_anything_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, folder = CASES[name], FOLDER / name.partition("/")[0]
    monkeypatch.chdir(folder)
    code, said = say(*case.command, *_roots(case, folder, tmp_path))
    assert code == case.code, said
    assert [part for part in case.says if part not in said] == [], said
    assert [part for part in case.keeps_quiet if part in said] == [], said


def _roots(case: Case, folder: Path, empty: Path) -> Iterator[str]:
    if case.command[0] == "plan":
        for file in case.files:
            (empty / file).parent.mkdir(parents=True, exist_ok=True)
            (empty / file).write_text("one\n")
        yield from ("--data-root", str(empty if case.files else folder / "data"))
        yield from ("--workspace-root", str(empty / "workspace"))


@WHERE_THERE
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_that_nobody_means_is_refused(schedule: str, tmp_path: Path) -> None:
    text = (FOLDER / "cron_that_never_fires/spec.yaml").read_text()
    (tmp_path / "spec.yaml").write_text(text.replace("owner: c\n", f'owner: c\nschedule: "{schedule}"\n'))
    code, said = say("validate", str(tmp_path / "spec.yaml"))
    assert (code, f"{tmp_path}/spec.yaml:5:11: " in said.replace("\n", "")) == (1, True), said


@pytest.fixture(scope="module")
def plates() -> Iterator[str]:
    """A bucket with 60 plates, of which each spec of the case asks for one."""
    with s3_bucket() as bucket:
        storage = Storage(f"s3://{bucket}")
        for plate in range(60):
            for channel in (1, 2):
                folder = f"proj/P{plate:04d}__2021-08-14T15_29_30-Measurement1/Images"
                storage.put(f"{folder}/r01c01f01p01-ch{channel}sk1fk1fl1.tiff", b"x")
        yield storage.url


@pytest.mark.slow
@WHERE_THERE
@pytest.mark.parametrize("spec", ["spec.yaml", "spec_c.yaml", "spec_n.yaml", "spec_nc.yaml"])
def test_one_plate_of_many_is_listed_by_itself(spec: str, plates: str, tmp_path: Path) -> None:
    with requests_for("list-type=2") as sent:
        code, said = say(
            "plan", str(FOLDER / "list_whole_root" / spec), "--data-root", plates, "--workspace-root", str(tmp_path)
        )
    assert (code, "a: 0 done, 1 pending" in said) == (0, True), said
    assert len(sent) in (1, 2)
