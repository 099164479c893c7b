"""Settings: params in, one step's settings out."""

from dataclasses import replace

import pytest

from platerunner.catalog.model import Module, Parameter, Resources
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.settings import Variants
from platerunner.engine.planning.units.fingerprint import hash_files, store_files
from platerunner.engine.planning.units.tasks import StepTaskBuilder
from platerunner.spec.settings import LoadDataMapping, Override
from platerunner.spec.steps import Step
from platerunner_unit.contract.manifest import LoadData
from platerunner_unit.contract.storage import Storage

MODULES = {
    "cp": Module(
        "cp",
        "CellProfiler",
        "",
        "cellprofiler",
        "cellprofiler:4.2.8",
        {
            "pipeline": Parameter("pipeline", "file", "", required=True),
            "plugins": Parameter("plugins", "folder", ""),
            "threshold": Parameter("threshold", "number", "", default=0.2),
        },
    ),
    "fixed": Module("fixed", "Fixed", "", "command", "fixed:1", argv=("run", "{unit}")),
    "command": Module("command", "Any", "", "command", "", {"argv": Parameter("argv", "array", "", required=True)}),
}
STEP = Step("s", "cp", ("plate",), {}, {}, {"pipeline": "p/{{ params.version }}.cppipe", "n": "{{ params.n }}"})


@pytest.fixture
def spec_folder(tmp_path):
    for name in ("p/v1.cppipe", "p/v2.cppipe", "plug/a.py", "plug/sub/b.py", "plug/__pycache__/a.pyc", "plug/.git/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def _settle(step, spec_folder, **params):
    context = RunContext({"version": "v1", "n": 3, **params}, "/data", "/work", "run", "2026-01-01")
    return Variants(step, MODULES, context, spec_folder).own


def test_templates_defaults_files_and_image(spec_folder):
    settings = _settle(STEP, spec_folder)
    assert settings.params == {"threshold": 0.2, "n": 3}
    assert settings.files == {"pipeline": (("v1.cppipe", str(spec_folder / "p" / "v1.cppipe")),)}
    assert (settings.image, settings.tool, settings.argv) == ("cellprofiler:4.2.8", "cellprofiler", ())


def test_a_folder_is_its_files_without_what_editors_leave(spec_folder):
    step = replace(STEP, with_={**STEP.with_, "plugins": "plug"})
    settings = _settle(step, spec_folder)
    assert [name for name, _ in settings.files["plugins"]] == ["a.py", "sub/b.py"]
    assert settings.folders == ("plugins",)


def test_the_manifest_says_which_parameters_are_folders(spec_folder, tmp_path_factory):
    (spec_folder / "one").mkdir()
    (spec_folder / "one" / "only.py").write_text("x")
    settings = _settle(replace(STEP, with_={**STEP.with_, "plugins": "one"}), spec_folder)
    roots = (Storage(str(tmp_path_factory.mktemp(name))) for name in ("data", "work"))
    task = StepTaskBuilder("p", "run", settings, hash_files(settings), None, *roots)(1)
    assert {name: len(files) for name, files in task.files.items()} == {"pipeline": 1, "plugins": 1}
    assert task.folders == ("plugins",)


def test_overrides_hold_in_order(spec_folder):
    overrides = (
        Override("{{ params.n > 1 }}", image="cellprofiler:4.2.6", with_={"threshold": 0.5}),
        Override("{{ params.n > 2 }}", with_={"threshold": 0.6}, load_data=LoadDataMapping({"A": "i"}, {"W": "well"})),
        Override("{{ params.n > 3 }}", image="never"),
    )
    settings = _settle(replace(STEP, overrides=overrides), spec_folder)
    assert (settings.image, settings.params["threshold"]) == ("cellprofiler:4.2.6", 0.6)
    assert settings.load_data == LoadData({"A": "i"}, {"W": "well"})


def test_another_module_brings_its_own_image_command_and_resources(spec_folder):
    override = Override("{{ params.n == 3 }}", module="fixed", resources=Resources(memory=1))
    settings = _settle(replace(STEP, image="cellprofiler:9", overrides=(override,)), spec_folder)
    assert (settings.module, settings.image, settings.argv) == ("fixed", "fixed:1", ("run", "{unit}"))
    assert (settings.params, settings.files, settings.resources.memory) == ({}, {}, 1)


def test_the_step_gives_the_command_of_a_module_without_one(spec_folder):
    step = Step("s", "command", (), {}, {}, {"argv": ["convert", "{params.size}", 3], "size": 5}, image="magick:7")
    settings = _settle(step, spec_folder)
    assert (settings.argv, settings.params, settings.image) == (
        ("convert", "{params.size}", "3"),
        {"size": 5},
        "magick:7",
    )


@pytest.mark.parametrize(
    ("with_", "message"),
    [
        ({}, r"module cp needs `with: \{pipeline: ...\}`"),
        ({"pipeline": "p/none.cppipe"}, r"step s, `pipeline`: there is no file `p/none.cppipe` \(looked for it in "),
        ({"pipeline": "p"}, "there is no file `p` "),
        ({"pipeline": "p/v1.cppipe", "plugins": "p/v1.cppipe"}, "`plugins`: there is no folder `p/v1.cppipe` "),
    ],
)
def test_what_is_missing_is_named(spec_folder, with_, message):
    with pytest.raises(PlanningError, match=message):
        _settle(replace(STEP, with_=with_), spec_folder)


@pytest.mark.parametrize("name", ["../secret.cppipe", "{root}/secret.cppipe", "link.cppipe", "p/../../secret.cppipe"])
def test_a_rendered_file_name_stays_below_the_folder_of_the_spec(spec_folder, name):
    (spec_folder.parent / "secret.cppipe").write_text("secret")
    (spec_folder / "link.cppipe").symlink_to(spec_folder.parent / "secret.cppipe")
    step = replace(STEP, with_={"pipeline": "{{ params.p }}"})
    with pytest.raises(
        PlanningError, match=r"^step s, `pipeline`: `.*` is not below the folder of this spec\. Move it "
    ):
        _settle(step, spec_folder, p=name.format(root=spec_folder.parent))


@pytest.mark.parametrize("name", ["", "p/\0.cppipe", "p/" + "x" * 5000])
def test_a_rendered_name_that_is_none_is_refused_in_a_sentence(spec_folder, name):
    with pytest.raises(PlanningError, match=r"^step s, `pipeline`: "):
        _settle(replace(STEP, with_={"pipeline": "{{ params.p }}"}), spec_folder, p=name)


def test_a_folder_does_not_bring_along_what_its_links_point_to(spec_folder, tmp_path_factory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.py"
    secret.write_text("secret")
    (spec_folder / "plug" / "c.py").symlink_to(secret)
    step = replace(STEP, with_={**STEP.with_, "plugins": "plug"})
    with pytest.raises(PlanningError, match=r"^step s, `plugins`: `plug/c.py` is not below the folder of this spec"):
        _settle(step, spec_folder)


def test_a_link_below_the_folder_keeps_its_name(spec_folder):
    (spec_folder / "current.cppipe").symlink_to(spec_folder / "p" / "v2.cppipe")
    (name, _), *_ = _settle(replace(STEP, with_={"pipeline": "current.cppipe"}), spec_folder).files["pipeline"]
    assert name == "current.cppipe"


def test_tool_files_are_kept_under_their_digest_once(spec_folder, tmp_path_factory):
    workspace = Storage(str(tmp_path_factory.mktemp("work")))
    settings = _settle(replace(STEP, with_={**STEP.with_, "plugins": "plug"}), spec_folder)
    files = hash_files(settings)
    assert list(workspace.list()) == []
    store_files(workspace, settings, files)
    first = {found.key: found.etag for found in workspace.list()}
    store_files(workspace, settings, files)
    assert {found.key: found.etag for found in workspace.list()} == first
    (pipeline,) = files["pipeline"]
    assert workspace.get(pipeline.key) == b"p/v1.cppipe"
    assert pipeline.key == f"_platerunner/files/{pipeline.sha256}/v1.cppipe"
    assert [file.name for file in files["plugins"]] == ["a.py", "sub/b.py"]


def test_a_changed_tool_file_has_another_digest(spec_folder):
    before = hash_files(_settle(STEP, spec_folder))
    (spec_folder / "p" / "v1.cppipe").write_text("another pipeline")
    assert hash_files(_settle(STEP, spec_folder)) != before
