"""`platerunner import dcp`: the settings of Distributed-CellProfiler become a spec that plans."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from tests.provider.engine.planning.s3 import s3_bucket
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner_unit.contract.storage import Storage

ROOT = Path(__file__).resolve().parents[3]
CONFIG = """\
import os
APP_NAME = 'FlyScreen'  # of all names
DOCKERHUB_TAG = 'cellprofiler/distributed-cellprofiler:2.0.0_4.2.4'
SOURCE_BUCKET = 'fly-data'
EBS_VOL_SIZE = 30
DOCKER_CORES = 4
CPU_SHARES = DOCKER_CORES * 1024
MEMORY = 15000
SECRET = os.environ['NOT_READ']
USE_PLUGINS = 'True'
"""
DYES = ("DNA", "GFP")


@pytest.fixture
def given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    shutil.copyfile(ROOT / "dag_specs/pipelines/demo_measure.cppipe", tmp_path / "measure.cppipe")
    text = (tmp_path / "measure.cppipe").read_text()
    (tmp_path / "measure.cppipe").write_text(text.replace("Corr", "Orig"))
    head = [f"{kind}_Orig{dye}" for dye in DYES for kind in ("PathName", "FileName")]
    lines = [",".join(["Metadata_Plate", "Metadata_Well", "Metadata_Site", *head])]
    for well in ("A01", "A02"):
        for site in (1, 2):
            files = [f"/home/ubuntu/bucket/fly/images,{well}_s{site}_{dye}.tif" for dye in DYES]
            lines.append(",".join(["P1", well, str(site), *files]))
    (tmp_path / "load_data.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def convert(given, groups, config=CONFIG):
    (given / "config.py").write_text(config)
    (given / "job.json").write_text(json.dumps({"pipeline": "a", "groups": groups}))
    words = ["import", "dcp", "config.py", "job.json", "--data-file", "load_data.csv", "--pipeline", "measure.cppipe"]
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize(
    ("groups", "foreach", "units"),
    [
        ([{"Plate": "P1", "Well": "A01"}, {"Plate": "P1", "Well": "A02"}], ["plate", "well"], 2),
        (
            [{"Metadata": f"Metadata_Well={w},Metadata_Site={s}"} for w in ("A01", "A02") for s in (1, 2)],
            ["well", "site"],
            4,
        ),
    ],
)
def test_a_job_becomes_a_spec_that_plans_its_groups(given, groups, foreach, units):
    with s3_bucket() as bucket:
        for row in (given / "load_data.csv").read_text().splitlines()[1:]:
            for name in row.split(",")[4::2]:
                Storage(f"s3://{bucket}").put(f"fly/images/{name}", b"x")
        done = convert(given, groups, CONFIG.replace("fly-data", bucket))
        assert done.exit_code == 0, done.output
        spec = given / "FlyScreen/FlyScreen.yaml"
        written = yaml.safe_load(spec.read_text())
        planned = CliRunner().invoke(app, ["plan", str(spec), "--workspace-root", str(given / "results")])
    assert written["steps"]["analysis"]["foreach"] == foreach
    assert written["defaults"]["resources"] == {"vcpus": 1, "memory": "3750 MB", "disk": "30 GB"}
    assert planned.exit_code == 0, planned.output
    assert f"analysis: 0 done, {units} pending" in planned.stdout
    assert "USE_PLUGINS is left out" in done.stderr


def test_rows_that_the_job_leaves_out_are_told(given):
    done = convert(given, [{"Well": "A01"}])
    assert "no group for 1 of 2 in the table" in done.stderr


@pytest.mark.parametrize(
    ("groups", "config", "said"),
    [
        ([], CONFIG, "it has no `groups`"),
        ([{"Cycle": "1"}], CONFIG, "the table has no metadata `cycle`"),
        ([{"Metadata": "Well"}], CONFIG, "is not like `Metadata_Well=A01`"),
        (["A01"], CONFIG, "is no object"),
        ([{"Well": "A01"}], "x = 1\n", "it has neither APP_NAME nor a bucket"),
        ([{"Well": "A01"}], "APP_NAME = (\n", "is no Python file"),
    ],
)
def test_what_is_none_of_its_files_is_told_and_nothing_is_written(given, groups, config, said):
    done = convert(given, groups, config)
    assert (done.exit_code, said in done.stderr) == (2, True), done.output
    assert not (given / "FlyScreen").exists()
