"""The scripts around containers/images.yaml, as builds and the weekly look use them."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).parents[3]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def arguments(name: str) -> list[str]:
    argv = [sys.executable, "scripts/image_arguments.py", name]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_build_gets_the_tag_the_versions_and_its_base() -> None:
    tag, *rest = arguments("cellprofiler")
    assert tag == "4.2.8"
    assert "CELLPROFILER=4.2.8.1" in rest
    assert rest[-1] == f"UNIT=localhost/platerunner/unit:{arguments('unit')[0]}"
    assert arguments("nothing") == []


def test_what_is_pushed_stands_on_what_the_same_run_has_pushed(tmp_path: Path) -> None:
    """A version's tag stays on its first build: what stood on that would never get a fix."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/images.yml").read_text())
    (step,) = [each for each in workflow["jobs"]["push"]["steps"] if each.get("id") == "arguments"]
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\nshift 4\nexec {sys.executable} "$@"\n')
    uv.chmod(0o755)
    run = {"NAME": "imaging", "REGISTRY": "ours.example.org/dev", "GITHUB_SHA": "abc", "GITHUB_RUN_NUMBER": "7"}
    environ = {**run, "PATH": f"{tmp_path}:/usr/bin:/bin", "GITHUB_OUTPUT": str(tmp_path / "output")}
    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=ROOT, env=environ, check=True)
    said = (tmp_path / "output").read_text().splitlines()
    assert said[0] == f"tag={arguments('imaging')[0]}"
    assert "UNIT=ours.example.org/dev/unit:build-7" in said
    assert [line for line in said if "localhost" in line] == []


def test_the_matrix_begins_with_what_the_others_stand_on() -> None:
    (line,) = arguments("--matrix")
    images = json.loads(line)
    assert images[0] == {"name": "unit", "platforms": "linux/amd64,linux/arm64"}
    assert {image["name"] for image in images} == {
        "unit",
        "imaging",
        "cellprofiler",
        "cosmicqc",
        "cytomining",
        "em",
        "fiji",
        "regenie",
        "snakemake",
        "starrynight",
    }


@pytest.mark.parametrize(
    ("versions", "found"),
    [
        (["4.2.8", "4.2.8.1", "5.0.0.dev1", "4.2.9rc1"], (4, 2, 8, 1)),
        (["4.2.10", "4.2.9"], (4, 2, 10)),
        (["5.0.0", "4.2.8"], (4, 2, 8)),
    ],
)
def test_the_newest_plain_four_is_taken(versions: list[str], found: tuple[int, ...]) -> None:
    assert script("new_cellprofiler").newest(versions) == found


def test_a_newer_release_changes_version_and_tag_and_drops_the_old_digest() -> None:
    text = (ROOT / "containers" / "images.yaml").read_text()
    update = script("new_cellprofiler").update
    assert update(text, (4, 2, 8, 1)) is None
    assert update(text, (4, 2, 7)) is None
    pinned = text.replace("tag: 4.2.8\n", f"tag: 4.2.8\n    digest: sha256:{'a' * 64}\n")
    for before in (text, pinned):
        image = yaml.safe_load(update(before, (4, 2, 9)))["images"]["cellprofiler"]
        assert (image["tag"], image["args"]["CELLPROFILER"], image.get("digest")) == ("4.2.9", "4.2.9", None)
    assert yaml.safe_load(update(text, (4, 2, 9)))["images"]["fiji"] == yaml.safe_load(text)["images"]["fiji"]


def test_the_image_and_the_laptop_install_the_same_cellprofiler() -> None:
    recipe = (ROOT / "scripts" / "install_cellprofiler.sh").read_text()
    wanted = [word for word in _quoted(recipe, "libraries").split() if not word.startswith("cellprofiler-core==")]
    folder = ROOT / "containers" / "cellprofiler"
    assert sorted(wanted) == sorted(_requirements(folder / "requirements.txt"))
    assert sorted(_quoted(recipe, "constraints").split()) == sorted(_requirements(folder / "build-constraints.txt"))
    version = next(line for line in arguments("cellprofiler") if line.startswith("CELLPROFILER="))
    assert f"cellprofiler=={version.partition('=')[2]}" == _quoted(recipe, "program")


def _quoted(recipe: str, name: str) -> str:
    return recipe.split(f"\n{name}='", 1)[1].split("'", 1)[0]


def _requirements(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


DIGEST = "sha256:" + "0123456789abcdef" * 4


def test_digests_are_written_and_nothing_else_changes() -> None:
    text = (ROOT / "containers" / "images.yaml").read_text()
    pin = script("image_digests").pin
    pinned = pin(text, {"unit": DIGEST, "cellprofiler": DIGEST})
    added = [line for line in pinned.splitlines() if line not in text.splitlines()]
    assert added == [f"    digest: {DIGEST}"] * 2
    assert yaml.safe_load(pinned)["images"]["cellprofiler"]["digest"] == DIGEST
    assert (
        yaml.safe_load(pinned)["images"]["cellprofiler"]["args"]
        == yaml.safe_load(text)["images"]["cellprofiler"]["args"]
    )
    newer = DIGEST.replace("0", "f")
    assert pin(pinned, {"unit": newer, "cellprofiler": newer}) == pinned.replace(DIGEST, newer)


@pytest.mark.parametrize(("name", "digest"), [("cellprofiler", "4.2.8"), ("nothing", DIGEST), ("unit", DIGEST + "\n")])
def test_what_is_no_digest_of_ours_is_refused(name: str, digest: str) -> None:
    text = (ROOT / "containers" / "images.yaml").read_text()
    with pytest.raises(SystemExit, match=name):
        script("image_digests").pin(text, {name: digest})


def test_no_python_of_an_image_has_a_setuptools_with_a_known_hole() -> None:
    # CVE-2024-6345 and CVE-2025-47273 are fixed in 78.1.1; from 80.9 on it warns on each start, into every unit's log.
    lines = (ROOT / "containers" / "cellprofiler" / "requirements.txt").read_text().splitlines()
    assert "setuptools>=78.1.1,<80.9" in lines


def attempt(tmp_path: Path, before: str) -> str:
    """What the step that looks for an earlier attempt's build hands on, where the registry answers `before`."""
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\n{before}\n")
    docker.chmod(0o755)
    workflow = yaml.safe_load((ROOT / ".github/workflows/images.yml").read_text())
    (step,) = [each for each in workflow["jobs"]["push"]["steps"] if each.get("id") == "before"]
    run = {"NAME": "imaging", "REGISTRY": "ours.example.org/dev", "GITHUB_RUN_NUMBER": "7"}
    environ = {**run, "PATH": f"{tmp_path}:/usr/bin:/bin", "GITHUB_OUTPUT": str(tmp_path / "output")}
    (tmp_path / "output").write_text("")
    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=ROOT, env=environ, check=True)
    return (tmp_path / "output").read_text()


def test_a_run_that_starts_again_keeps_what_it_has_pushed(tmp_path: Path) -> None:
    """Tags never move in the registry: another build would find the run's tag taken."""
    pushed = 'test "$6" = ours.example.org/dev/imaging:build-7 && echo sha256:abc'
    assert attempt(tmp_path, pushed) == "digest=sha256:abc\n"
    assert attempt(tmp_path, "exit 1") == ""


def test_only_what_was_not_pushed_is_built_and_the_runs_tag_comes_last() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/images.yml").read_text())
    steps = {each["name"]: each for each in workflow["jobs"]["push"]["steps"] if "name" in each}
    once = ("Build and push by digest", "Scan what was pushed", "Run what was pushed")
    once += ("List of contents", "Sign, attest, tag")
    assert [name for name in once if steps[name].get("if") != "steps.before.outputs.digest == ''"] == []
    lines = steps["Sign, attest, tag"]["run"].splitlines()
    assert ":build-$GITHUB_RUN_NUMBER" in lines[-1]
