"""The specs of somebody who tried to break the language: right line, no crash, none missed.

They lie beside the project, or are not tried.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from platerunner.catalog.loader import load_catalog
from platerunner.cli.aws.images import digests
from platerunner.cli.catalogued import doubtful_images
from platerunner.documents.problems import Problem
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.prepare import images, plan_pipeline
from platerunner.spec.loader import load_pipeline
from platerunner.spec.model import Pipeline
from platerunner.spec.problems import SpecError
from platerunner.spec.templates import TemplateProblem
from platerunner_unit.contract.storage import Storage, StorageError

FOLDER = Path(__file__).parents[4] / "shared" / "broken-specs"
EXPECTED = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.expect"))}
# Where what is expected is not what the language says.
OTHERWISE = {
    "026": "a file of 10 MiB is refused before it is read, and is not part of the corpus",
    "088": "a part that includes another is wrong in the part's own line",
    "220": "3.0 is a whole number in YAML's core schema and in JSON Schema",
    "250": "1.0 is 1 likewise",
    "260": "~ is expanded, as shells do",
    "271": "only the report knows its numbers",
    "283": "range counts whole numbers; a pattern's type says how they are padded",
    "286": "`**/` stands for any folders: this is a valid spec",
    "094": "the values of a wildcard that a module knows are compared with the files only when it runs",
    "302": "the planner is to say so",
    "322": "either",
    "340": "either",
}


def test_the_corpus_is_there_where_it_has_to_be():
    if os.environ.get("PLATERUNNER_REQUIRE_CORPUS"):
        assert len(EXPECTED) > 200, f"there is no corpus in {FOLDER}"


@pytest.mark.parametrize("name", EXPECTED, ids=str)
def test_what_is_wrong_is_said_in_its_line(name, tmp_path, monkeypatch):
    expected = EXPECTED[name]
    path = FOLDER / f"{name}.yaml"
    if not path.is_file() or name in OTHERWISE:
        pytest.skip(OTHERWISE.get(name, "not part of the corpus"))
    pipeline, problems = look_at(path)
    own = {problem.line for problem in problems if problem.path == path}
    if expected["ok"]:
        assert pipeline is not None, problems
    elif own:
        assert own & set(expected["lines"]), problems
    else:
        assert pipeline is not None
        assert what_a_plan_says(pipeline, tmp_path, monkeypatch), f"nobody says: {expected['what']}"


def look_at(path: Path) -> tuple[Pipeline | None, tuple[Problem, ...]]:
    """The pipeline, if it can be used, and what was noted."""
    try:
        pipeline = load_pipeline(path, look_into_files=True)
    except SpecError as error:
        return None, error.problems
    return pipeline, (*pipeline.warnings, *doubtful_images(path))


def what_a_plan_says(pipeline: Pipeline, folder: Path, monkeypatch: Any) -> str:
    """An error, or the notes of the steps."""
    monkeypatch.chdir(FOLDER)
    defaults = {name: schema["default"] for name, schema in pipeline.params.items()}
    context = RunContext(defaults, str(FOLDER / "data"), str(folder))
    modules = load_catalog()
    try:
        found = digests(images(pipeline, modules, context), {})
        plans = plan_pipeline(pipeline, modules, context, Storage, found)
    except (PlanningError, TemplateProblem, StorageError) as error:
        return str(error)
    return "\n".join(note for plan in plans for note in plan.notes)
