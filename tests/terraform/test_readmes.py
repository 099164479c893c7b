"""READMEs say what the files say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.terraform.applied import CHECKOUT

TERRAFORM = CHECKOUT / "terraform"
LOCK = ".terraform.lock.hcl"
FOLDERS = sorted(path.parent for path in TERRAFORM.glob("*/*/main.tf"))


def test_tables_are_fresh() -> None:
    script = CHECKOUT / "scripts" / "terraform_tables.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_tables_name_every_input_and_output(folder: Path) -> None:
    # Found in another way than the script finds them.
    readme = (folder / "README.md").read_text()
    for file in folder.glob("*.tf"):
        for kind, name in re.findall(r'^(variable|output) "(\w+)"', file.read_text(), re.MULTILINE):
            assert file.name == f"{kind}s.tf"
            assert re.search(rf"^\| `{name}` \| \S", readme, re.MULTILINE), f"{folder.name}: {kind} {name}"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_module_is_laid_out_alike(folder: Path) -> None:
    for name in ("main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md"):
        assert (folder / name).is_file(), name
    assert list((folder / "tests").glob("*.tftest.hcl"))
    if folder.parent.name == "modules" and folder.name != "stack":
        text = "".join(file.read_text() for file in folder.glob("*.tf"))
        assert 'variable "create"' in text
        assert re.search(r'^resource "\w+" "this"', text, re.MULTILINE)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_variable_is_described_and_typed(folder: Path) -> None:
    text = (folder / "variables.tf").read_text()
    for name, body in re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL):
        assert re.search(r'^  description = "[A-Z].*\."$', body, re.MULTILINE), name
        assert re.search(r"^  type +=", body, re.MULTILINE), name


def test_environments_say_the_same_where_they_say_it_at_all() -> None:
    texts = [(folder / name).read_text() for folder in FOLDERS if folder.parent.name == "environments"
             for name in ("variables.tf", "outputs.tf")]  # fmt: skip
    said: dict[str, set[str]] = {}
    for text in texts:
        for name, body in re.findall(r'^(?:variable|output) "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL):
            shape = re.search(r"^  (?:type|value) += (.*?)(?=^  \w|\Z)", body, re.MULTILINE | re.DOTALL)
            assert shape is not None, name
            said.setdefault(name, set()).add(" ".join(shape[1].split()))
    # A host of Airflow's own has other sizes than MWAA.
    assert {name for name, shapes in said.items() if len(shapes) > 1} == {"size"}


def test_the_overview_names_every_module() -> None:
    overview = (TERRAFORM / "README.md").read_text()
    for folder in FOLDERS:
        assert f"({folder.parent.name}/{folder.name}/README.md)" in overview or folder.name in ("dev", "prod")


def foreign(lock: str) -> list[str]:
    """The providers of a lock file without checksums of HashiCorp's registry, which are there for all platforms."""
    found = re.findall(r'^provider "([^"]+)" \{\n(.*?)^\}', lock, re.MULTILINE | re.DOTALL)
    return [name for name, body in found if not re.search(r'^ +"zh:[0-9a-f]{64}",$', body, re.MULTILINE)]


def test_locks_of_environments_are_of_providers_from_the_registry() -> None:
    locks = TERRAFORM.glob(f"environments/*/{LOCK}")
    assert [(lock.parent.name, name) for lock in locks for name in foreign(lock.read_text())] == []


def test_a_lock_of_a_stand_in_is_told_from_one_of_the_registry() -> None:
    start = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "6.2.0"\n  hashes = [\n    "h1:TzS0="'
    assert foreign(f"{start},\n  ]\n}}\n") == ["registry.terraform.io/hashicorp/aws"]
    assert foreign(f'{start},\n    "zh:{"0a" * 32}",\n  ]\n}}\n') == []
