"""The specs of somebody who tried to break the language: each by itself, as a person would try it.

They lie beside the project, or are not tried.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.commands import Said, run_limited

FOLDER = Path(__file__).parents[4] / "shared" / "broken-specs"
EXPECTED = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.expect"))}
# Where what is expected is not what the language says: these are valid.
VALID = {
    "220": "3.0 is a whole number in YAML's core schema and in JSON Schema",
    "250": "1.0 is 1 likewise",
    "283": "range counts whole numbers, 1 to 10; what a pattern's type pads is documented there",
    "286": "`**/` stands for any folders, and is documented so",
    "322": "a list in a command line becomes its words",
    "340": "a folder is a workspace, too",
}
ELSEWHERE = {
    "026": [1],  # a file of 10 MiB is refused before it is read, so that no line of it is known
}


def test_the_corpus_is_there_where_it_has_to_be():
    if os.environ.get("PLATERUNNER_REQUIRE_CORPUS"):
        assert len(EXPECTED) > 200, f"there is no corpus in {FOLDER}"


@pytest.mark.parametrize("name", EXPECTED, ids=str)
def test_what_is_wrong_is_said_in_its_line(name, tmp_path):
    path = written(name, tmp_path)
    said = run_limited(["validate", str(path), "--format", "json"], tmp_path, FOLDER)
    found = json.loads(said.out)
    assert said.code == (1 if any(each["severity"] == "error" for each in found) else 0)
    own = {each["line"] for each in found if Path(each["path"]) == path}
    lines = ELSEWHERE.get(name, EXPECTED[name]["lines"])
    if EXPECTED[name]["ok"] or name in VALID:
        assert said.code == 0, found
    elif not own & set(lines):
        assert not own, found
        told = list(lines_told(planned(path, tmp_path), path))
        assert any(line in lines for line in told), (EXPECTED[name]["what"], told)


def written(name: str, folder: Path) -> Path:
    """The spec's file; the one that is too large to be kept is made."""
    path = FOLDER / f"{name}.yaml"
    if path.is_file():
        return path
    assert name == "026", f"{path} is not there"
    path = folder / f"{name}.yaml"
    text = (FOLDER / "017.yaml").read_text().replace("\r", "")
    path.write_text(text + f"# {'x' * 98}\n" * 100_000)
    return path


def planned(path: Path, folder: Path) -> Said:
    """What `plan` says of the spec over the corpus's files."""
    roots = ["--data-root", str(FOLDER / "data"), "--workspace-root", str(folder)]
    return run_limited(["plan", path.name, *roots], folder, path.parent)


def lines_told(said: Said, path: Path) -> Iterator[int]:
    """Lines of the spec that a command named."""
    name = re.escape(path.name)
    for found in re.finditer(rf"{name}:(\d+)|line (\d+) of {name}", said.out + said.err):
        yield int(found[1] or found[2])
