"""What `complete` asks for: values, ranges, and what there is of a group; `plan` says which units fail by it."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.spec.loader import load_text
from platerunner.spec.problems import SpecError

SPEC = """\
version: 1
pipeline: sites
workspace: "{{{{ workspace_root }}}}/sites"
dataset:
  root: "{{{{ data_root }}}}"
  files:
    raw:
      path: "{{plate}}/{{well:well96}}_c{{cycle:int}}_s{{site:int}}_{{channel}}.tif"
      complete: {complete}
      rename: {{channel: {{w1: DNA}}}}
steps:
  copy:
    module: command
    image: base:0.1
    foreach: [plate, well, cycle, channel]
    inputs: {{raw: dataset.raw}}
    with: {{argv: [sh, -c, 'cat "$@" > "$0"', "{{outputs.all}}", "{{inputs.raw}}"]}}
    outputs: {{all: "all/{{plate}}/{{well}}_{{cycle}}_{{channel}}.txt"}}
"""
# P1 has two sites and two cycles, of which the second has one channel; P2 has one site and one cycle.
FILES = [
    f"P1/{well}_c1_s{site}_{channel}.tif" for well in ("A01", "A02") for site in (1, 2) for channel in ("w1", "w2")
]
FILES += [f"P1/{well}_c2_s{site}_w1.tif" for well in ("A01", "A02") for site in (1, 2)]
FILES += [f"P2/A01_c1_s1_{channel}.tif" for channel in ("w1", "w2")]


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)

    def plan(complete, without=(), more=()):
        for key in [*(key for key in FILES if key not in without), *more]:
            (tmp_path / "data" / key).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "data" / key).write_text("x")
        (tmp_path / "sites.yaml").write_text(SPEC.format(complete=complete))
        roots = ["--data-root", str(tmp_path / "data"), "--workspace-root", str(tmp_path / "work")]
        done = CliRunner().invoke(app, ["plan", str(tmp_path / "sites.yaml"), *roots])
        assert done.exit_code == 0, done.output
        return done.stdout

    return plan


def failing(said):
    """Plates and wells of the units that will fail."""
    told = "".join(line for line in said.splitlines() if "will fail" in line)
    return sorted(set(re.findall("plate=P./well=A..", told)))


@pytest.mark.parametrize(
    ("complete", "units"),
    [
        ("[site]", ["plate=P2/well=A01"]),  # every site that there is anywhere
        ("{site: all}", ["plate=P2/well=A01"]),
        ("{site: per plate}", []),
        ("{site: per plate, channel: per cycle}", []),
        ("{site: per plate, channel: all}", ["plate=P1/well=A01", "plate=P1/well=A02"]),
        ("{site: per plate, cycle: per plate, channel: per cycle}", []),
        ("{site: per plate, cycle: per plate, channel: all}", ["plate=P1/well=A01", "plate=P1/well=A02"]),
        ("{site: 1..2}", ["plate=P2/well=A01"]),
        ("{site: 1..2 per plate}", ["plate=P2/well=A01"]),
        ("{site: [1]}", []),
        ("{channel: [DNA]}", []),
        ("{channel: [DNA, w2], site: per plate}", ["plate=P1/well=A01", "plate=P1/well=A02"]),
    ],
)
def test_it_asks_for_what_it_says_and_no_more(plan, complete, units):
    assert failing(plan(complete)) == units


def test_a_site_that_is_gone_from_one_plate_is_missed_there(plan):
    said = plan("{site: per plate, channel: per cycle}", without=["P1/A02_c2_s2_w1.tif"])
    assert failing(said) == ["plate=P1/well=A02"]
    assert "1 of the files that `complete` asks for are not there: P1/A02_c2_s2_w1.tif" in said


def test_values_besides_those_that_are_named_stand_in_for_none(plan):
    said = plan("{site: 1..2}", without=["P1/A01_c2_s2_w1.tif"], more=["P1/A01_c2_s3_w1.tif", "P2/A01_c1_s2_w1.tif",
                                                                     "P2/A01_c1_s2_w2.tif"])  # fmt: skip
    assert failing(said) == ["plate=P1/well=A01"]


@pytest.mark.parametrize(
    ("complete", "said"),
    [
        ("{sit: all}", "has no `{sit}`"),
        ("{site: 9..1}", "the range ends before it begins"),
        ("{site: [x]}", "`{site}`: `x` is not usable"),
        ("{site: per plat}", "`{plat}` is no other wildcard"),
        ("{site: per site}", "`{site}` is no other wildcard"),
        ("{site: 1-9}", "1-9"),
        ("{site: []}", "at least 1 item"),
        ("site", "should be a list"),
    ],
)
def test_what_makes_no_sense_is_said_in_its_line(complete, said):
    with pytest.raises(SpecError) as error:
        load_text(SPEC.format(complete=complete), Path("sites.yaml"))
    assert [(each.line, said in each.message) for each in error.value.problems] == [(9, True)], error.value
