"""The outputs of a step: listed, looked into, downloaded, and nothing else of the workspace."""

import re

import pytest
from tests.plugins.records import wells_and_sums
from tests.plugins.values.test_values import HEAD, ROWS, TABLES, table_of
from tests.specs import wells

from platerunner.engine.records.outcomes import OutcomeStore
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.outcome import Outcome, OutputRecord
from platerunner_unit.contract.storage import Storage

RESULTS = "/platerunner/dags/lab/runs/run-1/tasks/profile/results/"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def lab(site):
    def build(suffix="csv"):
        site.add(wells("lab", folder="/lab", steps=TABLES.replace("NAME", suffix)))
        site.start("lab", profile="success")
        workspace = Storage(str(site.workspace / "lab"))
        for plate in ("P1", "P2", EVIL.replace("/", "")):
            workspace.put(f"profiles/{plate}.{suffix}", table_of(suffix, [*ROWS, ("P9", EVIL, 1.0, EVIL, None)]))
        workspace.put("profiles/secret.json", b"{}")
        workspace.put("_platerunner/runs/run-1/profile/plan.json", b"{}")
        return site

    return build


def test_files_are_listed_by_output_and_plate(lab):
    client = lab().client("viewer")
    text = client.get(RESULTS).text
    assert (EVIL in text, "secret" in text, "profiles/P2.csv" in text) == (False, False, True)
    assert "3 files," in text
    one = client.get(RESULTS, params={"output": "profiles", "plate": "P1"}).text
    assert ("1 file," in one, "profiles/P2.csv" in one) == (True, False)
    assert "There is no file of profiles of P7:" in client.get(RESULTS, params={"plate": "P7"}).text
    assert client.get(RESULTS, params={"output": "made"}).status_code == 404


@pytest.mark.parametrize(
    ("suffix", "kinds"),
    [
        ("csv", ["text", "text", "number", "text", "text"]),
        ("parquet", ["string", "string", "double", "string", "null"]),
    ],
)
def test_the_first_rows_of_a_table_are_shown_with_the_types_of_its_columns(lab, suffix, kinds):
    answer = lab(suffix).client("viewer").get(f"{RESULTS}preview?output=profiles&key=profiles/P1.{suffix}")
    assert answer.status_code == 200, answer.text
    assert EVIL not in answer.text
    assert re.findall(r'scope="col">(\w+)<br><small>(\w+)', answer.text) == list(zip(HEAD, kinds, strict=True))
    assert "4 rows, 5 columns" in answer.text


def test_a_file_comes_whole_and_is_never_drawn(lab):
    site = lab()
    answer = site.client("viewer").get(f"{RESULTS}file?output=profiles&key=profiles/P1.csv")
    assert answer.content == (site.workspace / "lab/profiles/P1.csv").read_bytes()
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''P1.csv"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["file", "preview", "origin", "layers"])
def test_nothing_but_files_of_the_output_is_served(lab, tmp_path, what):
    site = lab()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    folder = site.workspace / "lab"
    (folder / "profiles/P5.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "profiles/P6.csv").symlink_to(folder / "profiles/secret.json")
    for key in ("profiles/secret.json", "profiles/../profiles/P1.csv", "../../secret.csv", "/etc/passwd",
                "profiles/P5.csv", "profiles/P6.csv", "profiles/P7.csv", "profiles/..csv",
                "_platerunner/runs/run-1/profile/plan.json"):  # fmt: skip
        answer = site.client("admin").get(f"{RESULTS}{what}", params={"output": "profiles", "key": key})
        assert answer.status_code == 404, key


def test_a_run_of_an_older_version_says_that_it_tells_no_outputs(site, monkeypatch):
    from platerunner.render import docs

    monkeypatch.setattr(docs, "_step_facts", lambda _, step: {"module": step.module, "foreach": step.foreach})
    site.add(wells_and_sums("lab"))
    site.start("lab", work="success")
    path = "/platerunner/dags/lab/runs/run-1/tasks/work"
    assert "does not tell its outputs" in site.client("viewer").get(f"{path}/results/").text
    assert site.client("viewer").get(f"{path}/measures.json").json()["tables"] == []


def test_a_file_leads_to_what_made_it_and_on_to_what_made_that(lab):
    site = lab()
    workspace = Storage(str(site.workspace / "lab"))
    made = {
        "profile": ("plate=P1", "profiles/P1.csv", {"all": [["workspace", "made/P1/A01.tif", 1, "e"]] * 9}),
        "work": ("plate=P1/well=A01", "made/P1/A01.tif", {"raw": [["data", f"P1/{EVIL}.tif", 1, "e"]]}),
    }
    for step, (unit, key, inputs) in made.items():
        workspace.put(key, b"1")
        ingredients = {"inputs": inputs, "with": {"argv": "cat the files"}, "files": {"pipeline": {"a.cppipe": "abc1"}}}
        verdict = Verdict(str(Category.SUCCEEDED), "It worked.")
        outcome = Outcome("lab", "run-1", step, unit, {}, "fp", 1, verdict, ingredients=ingredients, image="base:1",
                          outputs=(OutputRecord("made", key, 1, "0"),))  # fmt: skip
        OutcomeStore(workspace).write(outcome)
    first = site.client("admin").get(f"{RESULTS}origin?output=profiles&key=profiles/P1.csv").text
    for part in ("profile, P1", "attempt 1 of run-1", "base:1", "a.cppipe", "cat the files", "not known", "and 4 more"):
        assert part in first
    next_one = re.search(r'data-load="([^"]+)"', first)[1].replace("&amp;", "&")
    second = site.client("admin").get(next_one).text
    assert ("work, P1, A01" in second, EVIL in second, "&lt;img" in second) == (True, False, True)
    assert "No attempt that is on record wrote it" in (
        site.client("admin").get(f"{RESULTS}origin?output=profiles&key=profiles/P2.csv").text
    )


def test_inputs_are_shown_and_images_of_a_field_lie_over_each_other(lab):
    site = lab()
    workspace, raw = Storage(str(site.workspace / "lab")), Storage(str(site.folder / "data"))
    for well in ("A01", "A02"):
        workspace.put(f"made/P1/{well}.tif", b"no image")
        raw.put(f"P1/{well}.tif", b"no image")
    raw.put("P1/secret.txt", b"secret")
    page = RESULTS.replace("profile", "work", 1)
    client = site.client("viewer")
    text = client.get(page, params={"output": "input raw"}).text
    assert ("P1/A02.tif" in text, "secret" in text, "Where from" in text) == (True, False, False)
    laid = client.get(f"{page}layers?output=made&key=made/P1/A02.tif").json()
    assert laid == [{"name": "input raw", "source": "input raw", "key": "P1/A02.tif"}]
    assert client.get(f"{page}file?output=input raw&key=P1/A02.tif").content == b"no image"
    for key in ("P1/secret.txt", "../workspace/lab/made/P1/A01.tif", "made/P1/A01.tif"):
        assert client.get(f"{page}file", params={"output": "input raw", "key": key}).status_code == 404, key
