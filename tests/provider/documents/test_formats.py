import json
from pathlib import Path

from platerunner.documents.formats import FORMATS
from platerunner.documents.problems import Problem

PROBLEMS = [
    Problem(Path("specs/a,b.yaml"), 3, 7, "50% wrong:\nreally", "Fix it.", "wrong-type", "abc: def"),
    Problem(Path("specs/c.yaml"), 1, 1, "empty", "Fill it.", "empty-file"),
]


def test_text():
    assert FORMATS["text"](PROBLEMS[1:]) == "specs/c.yaml:1:1: empty. Fill it."


def test_json():
    first, _ = json.loads(FORMATS["json"](PROBLEMS))
    assert first == {
        "path": "specs/a,b.yaml",
        "line": 3,
        "column": 7,
        "code": "wrong-type",
        "severity": "error",
        "message": "50% wrong:\nreally",
        "remedy": "Fix it.",
    }


def test_github_escapes_what_would_end_a_command():
    first, second = FORMATS["github"](PROBLEMS).splitlines()
    assert first == "::error file=specs/a%2Cb.yaml,line=3,col=7,title=wrong-type::50%25 wrong:%0Areally. Fix it."
    assert second == "::error file=specs/c.yaml,line=1,col=1,title=empty-file::empty. Fill it."


def test_sarif():
    log = json.loads(FORMATS["sarif"](PROBLEMS))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {"wrong-type", "empty-file"}
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 3, "startColumn": 7}
    assert run["results"][0]["message"]["text"] == "50% wrong:\nreally. Fix it."
