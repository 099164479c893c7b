"""Images: what the registry says of one stands at the line that asks for it, in a run, in its dry run and in `plan`."""

import pytest
from tests.specs import wells
from typer.testing import CliRunner

from platerunner.batch.images import ImageError
from platerunner.cli import app
from platerunner.engine.images import place_of_image, resolve_named
from platerunner.local.aws.images import LocalImages, LocalRegistry, builtin_images
from platerunner.spec.loader import load_text

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/platerunner"
OVERRIDES = """\
overrides:
  - {where: {plate: P1}, resources: {vcpus: 2}}
  - {where: {plate: P2}, image: "base:8"}
"""
SPEC = wells().replace("image: base:latest", "image: base:9")
BY_DEFAULT = wells(head="defaults: {image: 'base:9'}").replace("    image: base:latest\n", "")
OVERRIDDEN = wells() + "".join(f"    {line}\n" for line in OVERRIDES.splitlines())


@pytest.fixture
def ecr(tmp_path):
    return LocalRegistry(LocalImages(REGISTRY, builtin_images()))


def line_of(text, part):
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize(
    ("text", "image", "part"),
    [(SPEC, "base:9", "base:9"), (BY_DEFAULT, "base:9", "base:9"), (OVERRIDDEN, "base:8", "base:8")],
    ids=["step", "defaults", "override"],
)
def test_an_image_that_is_not_there_is_said_in_its_line(text, image, part, tmp_path, ecr):
    pipeline = load_text(text, tmp_path / "lab.yaml")
    with pytest.raises(ImageError) as error:
        resolve_named(pipeline, image, REGISTRY, ecr)
    assert str(error.value).startswith(f"{tmp_path}/lab.yaml:{line_of(text, part)}: Image {image}: ")


def test_the_image_of_a_module_stands_at_the_module(tmp_path):
    text = wells().replace("module: command\n    image: base:latest", "module: imaging.illum-calc")
    text = text.replace('    with: {argv: [cp, "{inputs.raw}", "{outputs.made}"]}\n', "")
    text = text.replace("{raw: dataset.raw}", "{images: dataset.raw}").replace("{made: ", "{illum: ")
    pipeline = load_text(text, tmp_path / "lab.yaml")
    assert place_of_image(pipeline, "imaging:0.1.0") == f"{tmp_path}/lab.yaml:{line_of(text, 'module:')}"


@pytest.fixture
def lab(tmp_path, monkeypatch):
    (tmp_path / "data/P1").mkdir(parents=True)
    (tmp_path / "data/P1/A01.tif").write_text("x")
    (tmp_path / "lab.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    return ["lab.yaml", "--local", "--data-root", str(tmp_path / "data"), "--workspace-root", str(tmp_path / "work")]


@pytest.mark.parametrize(("command", "code"), [("plan", 0), ("run", 2)])
def test_commands_say_it_there(command, code, lab):
    done = CliRunner().invoke(app, [command, *lab])
    assert (done.exit_code, f"lab.yaml:{line_of(SPEC, 'base:9')}: " in done.stderr) == (code, True), done.output
    assert done.stderr.count("lab.yaml") == 1
