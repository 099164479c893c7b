"""``platerunner-unit judge``: the command, and what it must not look at."""

import json
import shutil
from pathlib import Path

import pytest

from platerunner_unit.cellprofiler import command_line, csv_rows
from platerunner_unit.reference import render
from platerunner_unit.runner import recorded

REPOSITORY = Path(__file__).parents[3]
OWN = REPOSITORY / "tests" / "data" / "recorded"


def test_a_line_of_json_per_run(capsys):
    assert recorded.main([str(OWN / "noop"), str(OWN / "segfault")]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["case"] for line in lines] == ["noop", "segfault"]
    assert {"case", "verdict", "category", "sentence", "line"} <= set(lines[0])
    assert [line["verdict"] for line in lines] == ["succeeded", "failed"]


def test_a_folder_of_runs(capsys, tmp_path):
    for name in ("noop", "segfault"):
        shutil.copytree(OWN / name, tmp_path / name)
    assert recorded.main([str(tmp_path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_no_run(capsys, tmp_path):
    assert recorded.main([str(tmp_path)]) == 2
    assert "it has no cmd.txt" in capsys.readouterr().err


def test_neither_label_nor_name_is_looked_at(tmp_path):
    for name in ("noop", "segfault", "flag_image_skips", "save_norewrite"):
        copy = tmp_path / "ok_run"
        shutil.copytree(OWN / name, copy)
        (copy / "label.json").write_text('{"truth": "succeeded", "category": "complete"}')
        assert recorded.evidence(copy) == recorded.evidence(OWN / name)
        shutil.rmtree(copy)


@pytest.mark.parametrize(
    "missing", ["run.json", "stdout.txt", "stderr.txt", "exit_code.txt", "done.txt", "noop.cppipe", "load_data.csv"]
)
def test_half_a_record_is_judged_too(tmp_path, missing):
    copy = tmp_path / "x"
    shutil.copytree(OWN / "noop", copy)
    (copy / missing).unlink()
    verdict = recorded.as_json(recorded.judge(recorded.evidence(copy)))
    proven_without = {"exit_code.txt", "done.txt", "noop.cppipe", "load_data.csv", "stdout.txt"}
    assert (verdict["verdict"] == "succeeded") == (missing in proven_without), verdict


@pytest.mark.parametrize(
    ("text", "option", "value"),
    [
        ("cellprofiler -c -r -p /a/b.cppipe -o out", "pipeline", "/a/b.cppipe"),
        ("cellprofiler -c --pipeline=/a/b.cppipe", "pipeline", "/a/b.cppipe"),
        ("/bin/sh -c 'cellprofiler -c -r -p b.cppipe -d done; exit $?'", "done_file", "done"),
        ("sh -c 'cellprofiler -p a -f 1 && cellprofiler -p a -f 7 -l 12'", "last", "12"),
        ("cellprofiler -p 'it''s", "pipeline", "'it''s"),
        ("unshare -m -- sh -c 'mount x && exec cellprofiler -c -p b.cppipe'", "pipeline", "b.cppipe"),
    ],
)
def test_command_lines(text, option, value):
    assert command_line.parse(text).options[option] == value


@pytest.mark.parametrize(
    "text",
    [
        "cellprofiler --version",
        "cellprofiler -c --print-groups x.h5",
        "cellprofiler --help",
        "cellprofiler -c --measurements -p x",
    ],
)
def test_listings(text):
    assert command_line.parse(text).lists


def test_labels_name_plate_well_and_site():
    rows = csv_rows.Rows(("Metadata_Site", "Metadata_Well", "Metadata_Plate"), (("1", "A01", "P1"), ("", "A02", "P1")))
    assert rows.labels() == ((1, "plate P1, well A01, site 1"), (2, "plate P1, well A02"))


def test_the_reference_page_is_up_to_date():
    page = REPOSITORY / "docs" / "reference" / "verdicts.md"
    assert page.read_text() == render(), "run: python -m platerunner_unit.reference > docs/reference/verdicts.md"


def _other(table):
    return table.replace(b",P1,", b",P2,")


TABLES = {
    "as it was": (lambda table: table, "succeeded", ""),
    "of a bare word's line ends": (lambda table: table.replace(b"\r\n", b"\n"), "succeeded", ""),
    "cut within a line": (lambda table: table[:-30], "partial", "image set 4"),
    "without its last lines": (lambda table: table[: table.rindex(b"\n", 0, -2) + 1], "partial", "image set 4"),
    "its end never written": (lambda table: table[:-3] + b"\0" * 512 + b"\n", "failed", "NUL bytes"),
    "of another plate": (_other, "failed", "is of another run: its Metadata_Plate has `P2`"),
    "saved by a spreadsheet": (lambda table: table.replace(b",", b";").replace(b".", b","), "failed", "no column"),
    "in UTF-16": (lambda table: table.decode().encode("utf-16"), "failed", "no column `ImageNumber`"),
    "a page of an error": (lambda _: b"<html>\n<p>502\n", "failed", "no column `ImageNumber`"),
    "gone": (None, "failed", "*Image.csv of ExportToSpreadsheet was not written"),
}


@pytest.mark.parametrize(("change", "word", "said"), TABLES.values(), ids=TABLES)
def test_an_image_table_that_is_not_what_the_run_wrote(tmp_path, change, word, said):
    copy = tmp_path / "x"
    shutil.copytree(OWN / "csv_crlf", copy)
    table, run = copy / "outputs" / "MyExpt_Image.csv", json.loads((copy / "run.json").read_text())
    outputs = [each for each in run["outputs"] if each["path"] != table.name]
    if change is None:
        table.unlink()
    else:
        table.write_bytes(change(table.read_bytes()))
        outputs.append({"path": table.name, "size": table.stat().st_size})
    (copy / "run.json").write_text(json.dumps({**run, "outputs": outputs}))
    verdict = recorded.as_json(recorded.judge(recorded.evidence(copy)))
    assert (verdict["verdict"], said in verdict["sentence"]) == (word, True), verdict
