"""Several versions of a module side by side: which one a spec gets, which warnings, and what it may not run."""

import json

import pytest
from typer.testing import CliRunner

from platerunner.catalog.loader import CatalogError, load_catalog
from platerunner.catalog.versions import resolve
from platerunner.cli import app
from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.governance import refuse_unapproved, unapproved
from platerunner.spec.loader import load_text
from platerunner.spec.problems import SpecError

ENTRY = """  {name}:
    title: Spots
    description: Counts spots.
    tool: command
    image: spots:{image}
    argv: [spots, "{{unit}}"]
"""
SPEC = """version: 1
pipeline: spots
owner: tests
title: Spots
workspace: "{{ workspace_root }}/spots"
dataset: {root: "{{ data_root }}", files: {raw: "{plate}/{well}.tif"}}
steps:
  count:
    module: MODULE
    foreach: [plate, well]
    inputs: {images: dataset.raw}
    outputs: {table: "out/{plate}/{well}.csv"}
"""
VERSIONS = {"lab.spots": "2.1.0", "lab.spots@2.0.3": "2.0.3", "lab.spots@1.4.0": "1.4.0", "lab.spots@1.10.0": "1.10.0",
            "lab.spots@0.2.5": "0.2.5", "lab.spots@0.3.0": "0.3.0"}  # fmt: skip


@pytest.fixture
def catalog(tmp_path):
    def write(extra="", more=""):
        text = "version: 1\nmodules:\n"
        for name, version in VERSIONS.items():
            text += ENTRY.format(name=name, image=version)
            text += "    version: 2.1.0\n" if name == "lab.spots" else extra
        (tmp_path / "lab.yaml").write_text(text + more)
        return load_catalog(tmp_path)

    return write


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("lab.spots", "lab.spots"),
        ("lab.spots@2.1.0", "lab.spots"),
        ("lab.spots@2.0", "lab.spots@2.0.3"),
        ("lab.spots@^2.0", "lab.spots"),
        ("lab.spots@2", "lab.spots"),
        ("lab.spots@1", "lab.spots@1.10.0"),
        ("lab.spots@^1.4", "lab.spots@1.10.0"),
        ("lab.spots@1.4.0", "lab.spots@1.4.0"),
        ("lab.spots@^0.2", "lab.spots@0.2.5"),
        ("lab.spots@^0.2.6", None),
        ("lab.spots@^3.0", None),
        ("lab.spots@newest", None),
        ("lab.spots@", None),
        ("lab.spot@1.4", None),
    ],
)
def test_the_newest_version_that_fits_is_meant(catalog, wanted, found):
    assert resolve(wanted, catalog()) == found


@pytest.mark.parametrize(
    ("module", "message", "remedy"),
    [
        (
            "lab.spots@^3.0",
            "the catalog has no `lab.spots` of version ^3.0",
            "0.2.5, 0.3.0, 1.4.0, 1.10.0, 2.0.3, 2.1.0",
        ),
        ("lab.spots@new", "`new` is no version", "`@^1.2` for 1.2 and newer"),
        ("lab.spot@^1.0", "no module is called `lab.spot`", "Did you mean `lab.spots`?"),
    ],
)
def test_a_version_that_is_not_there_is_told_with_those_that_are(catalog, tmp_path, module, message, remedy):
    with pytest.raises(SpecError) as raised:
        load_text(SPEC.replace("MODULE", f'"{module}"'), tmp_path / "spots.yaml", catalog())
    [problem] = raised.value.problems
    assert (problem.line, problem.message, remedy in problem.remedy) == (9, message, True), problem


def test_a_spec_gets_the_modules_of_its_version(catalog, tmp_path):
    modules = catalog()
    images = {}
    for wanted in ("lab.spots", "lab.spots@^1.4", "lab.spots@1.4.0"):
        pipeline = load_text(SPEC.replace("MODULE", wanted), tmp_path / "spots.yaml", modules)
        images[wanted] = modules[next(iter(pipeline.modules)).module].image
    assert images == {"lab.spots": "spots:2.1.0", "lab.spots@^1.4": "spots:1.10.0", "lab.spots@1.4.0": "spots:1.4.0"}


def test_a_deprecated_module_is_warned_of_with_its_day_and_its_successor(catalog, tmp_path):
    modules = catalog("    status: deprecated\n    replaced_by: lab.spots@^2.0\n    until: 2027-06-01\n")
    text = SPEC.replace("MODULE", "lab.spots@1.4.0")
    [problem] = load_text(text, tmp_path / "spots.yaml", modules).warnings
    assert problem.message == "`lab.spots@1.4.0` is deprecated; nobody answers for it after 2027-06-01"
    assert (problem.line, problem.remedy) == (9, "Use `lab.spots@^2.0`.")


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("    replaced_by: lab.spotz\n", "no module is called `lab.spotz`"),
        ("    replaced_by: lab.spots@^9.0\n", "the catalog has no `lab.spots` of version ^9.0"),
        ("    version: 9.9.9\n", "is said to be version 9.9.9"),
        ("    status: fine\n", "approved"),
        ("    until: soon\n", "until"),
    ],
)
def test_a_catalog_that_contradicts_itself_is_refused_with_the_line(catalog, extra, said):
    with pytest.raises(CatalogError) as raised:
        catalog(extra)
    assert "lab.yaml:" in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        ("    status: approved\n", None),
        ("", "is on trial; have it approved in the catalog, or take `policy` out"),
        ("    owner: imaging\n", "have it approved in the catalog, by imaging"),
        ("    status: deprecated\n    replaced_by: lab.spots\n", "is deprecated; use `lab.spots`"),
    ],
)
def test_a_connection_for_approved_modules_runs_no_other(catalog, tmp_path, standing, said):
    modules = catalog(standing)
    pipeline = load_text(SPEC.replace("MODULE", "lab.spots@1.4.0"), tmp_path / "spots.yaml", modules)
    step = next(iter(pipeline.modules))
    refuse_unapproved("any", step, modules)
    found = list(unapproved("approved_only", [step], modules))
    if said is None:
        assert found == []
        return
    assert said in found[0]
    with pytest.raises(ConnectionProblem, match="runs approved modules only"):
        refuse_unapproved("approved_only", step, modules)


IMAGES = """images:
  own:2.0: {status: approved}
  own:1.0: {status: deprecated, replaced_by: "own:2.0", until: 2027-06-01}
  cellprofiler: {status: trial}
"""


@pytest.mark.parametrize(
    ("image", "warned", "refused"),
    [
        ("own:2.0", "", ""),
        ("own:2.0@sha256:" + "a" * 64, "", ""),
        ("own:1.0", "is deprecated; nobody answers for it after 2027-06-01", "use `own:2.0`"),
        ("cellprofiler:4.2.8", "", "is on trial"),
        ("imaging", "", ""),
        ("imaging:9.9.9", "not `imaging:9.9.9`", "is not in the catalog"),
        ("other:1", "", "is not in the catalog"),
    ],
)
def test_images_that_steps_name_are_governed_as_modules_are(catalog, tmp_path, monkeypatch, image, warned, refused):
    catalog("    status: approved\n", IMAGES)
    monkeypatch.setenv("PLATERUNNER_CATALOG", str(tmp_path))
    spec = tmp_path / "specs" / "spots.yaml"
    spec.parent.mkdir()
    spec.write_text(SPEC.replace("MODULE", f"lab.spots@1.4.0\n    image: {image}"))
    done = CliRunner().invoke(app, ["validate", str(spec)])
    assert (done.exit_code, warned in done.stderr, bool(done.stderr)) == (0, True, bool(warned)), done.output
    modules = load_catalog()
    found = list(unapproved("approved_only", load_text(spec.read_text(), spec, modules).modules, modules))
    assert [refused in sentence for sentence in found] == ([True] if refused else [])


def test_plan_and_run_say_beforehand_what_the_policy_refuses(catalog, tmp_path, monkeypatch):

    catalog()
    extra = {
        "queues": {"spot": "q"},
        "policy": "approved_only",
        "data_root": str(tmp_path),
        "workspace_root": str(tmp_path),
    }
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))
    monkeypatch.setenv("PLATERUNNER_CATALOG", str(tmp_path))
    (tmp_path / "P1").mkdir()
    (tmp_path / "P1/A01.tif").write_bytes(b"x")
    (tmp_path / "spots.spec.yml").write_text(SPEC.replace("MODULE", "lab.spots"))
    (tmp_path / "specs").mkdir()
    (tmp_path / "spots.spec.yml").rename(tmp_path / "specs/spots.yaml")
    for command in ("plan", "run"):
        done = CliRunner().invoke(app, [command, str(tmp_path / "specs/spots.yaml")])
        assert (done.exit_code, "runs approved modules only" in done.stderr) == (2, True), done.output


def test_every_shipped_module_has_a_version_an_owner_and_a_status():
    known = ("1.0.0", "platerunner", "approved")
    told = {name: (each.version, each.standing.owner, each.standing.status) for name, each in load_catalog().items()}
    assert {name: each for name, each in told.items() if each != known} == {}, "its file needs `defaults`"
