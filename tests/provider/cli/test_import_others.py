"""`platerunner import nf-core` and `import starrynight`: their own files become specs that load."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.spec.loader import load_pipeline

# Columns and params of nf-core/cellpainting 1.0.0dev; fields of StarryNight's own fixture.
HEAD = "channel,path,source,batch,plate,well,site,col,field_id,plane_id,row"
PARAMS = {"input": "sheet.csv", "outdir": "results", "stop_after": "assaydevelopment", "email": "ada@example.org",
          "cellprofiler_analysis_cppipe": "own.cppipe", "cellprofiler_assaydevelopment_cppipe": "own_check.cppipe",
          "cellprofiler_illumination_cppipe": "illum.jinja"}  # fmt: skip
# Reads raw images and illumination functions, as nf-core's do; planning refuses names that the step does not give.
OWN = Path(__file__).parents[3] / "dag_specs/pipelines/cell_painting/apply.cppipe"
PAINTING = {"im_per_well": 4, "img_overlap_pct": 7, "img_frame_type": "square", "channel_list": ["DAPI"]}
EXPERIMENT = {"dataset_id": "fix-s1", "index_path": "i.parquet", "cp_config": PAINTING,
              "sbs_config": {**PAINTING, "img_overlap_pct": 10, "img_frame_type": "round"}}  # fmt: skip


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)

    def run(system, name, given, *words):
        (tmp_path / name).write_text(given if isinstance(given, str) else json.dumps(given))
        return CliRunner().invoke(app, ["import", system, name, *words])

    return run


def test_nf_core_s_params_become_a_spec_that_plans_its_samplesheet(run, tmp_path):
    lines = [HEAD]
    for well in ("A01", "A02"):
        for channel in ("DNA", "ER", "RNA", "AGP", "Mito", "Brightfield"):
            (tmp_path / f"{well}_{channel}.tiff").write_bytes(b"x")
            lines.append(f"{channel},{well}_{channel}.tiff,source_4,B1,P1,{well},1,1,1,1,1")
    (tmp_path / "sheet.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "own_check.cppipe").write_bytes(OWN.read_bytes())
    (tmp_path / "illum.jinja").write_text("    Select the input image:Orig{{channel}}\n")
    done = run("nf-core", "params.json", PARAMS)
    assert done.exit_code == 0, done.output
    assert "stop_after is left out: a run waits at its gates" in done.stderr
    assert "cellprofiler_analysis_cppipe is left out: own.cppipe is not here" in " ".join(done.stderr.split())
    assert "once per channel" in done.stderr
    assert (tmp_path / "sheet/pipelines/segcheck.cppipe").read_bytes() == OWN.read_bytes()
    assert "Orig" in (tmp_path / "sheet/pipelines/illum.cppipe").read_text()
    spec = tmp_path / "sheet/sheet.yaml"
    assert yaml.safe_load(spec.read_text())["notify"] == {"on_failure": [{"email": ["ada@example.org"]}]}
    planned = CliRunner().invoke(app, ["plan", str(spec), "--workspace-root", str(tmp_path / "w")])
    assert planned.exit_code == 0, planned.output
    assert "illum_calc: 0 done, 1 pending" in planned.stdout
    assert "illum_apply: 0 done, 2 pending" in planned.stdout
    steps = load_pipeline(spec).steps
    assert steps["segcheck"].load_data == steps["illum_apply"].load_data != steps["analysis"].load_data


@pytest.mark.parametrize(("barcoding", "only"), [(EXPERIMENT["sbs_config"], False), (None, True)])
def test_an_experiment_becomes_the_nine_steps_with_its_settings(run, tmp_path, barcoding, only):
    (tmp_path / "pipes").mkdir()
    done = run("starrynight", "experiment.json", {**EXPERIMENT, "sbs_config": barcoding}, "--pipelines", "pipes")
    assert done.exit_code == 0, done.output
    params = load_pipeline(tmp_path / "fix-s1/fix-s1.yaml").params
    wanted = {"overlap": 7, "painting_shape": "square", "painting_only": only, "pipelines": str(tmp_path / "pipes")}
    assert {name: params[name]["default"] for name in wanted} == wanted
    assert params["barcoding_shape"]["default"] == ("square" if only else "round")
    assert ("sbs_config.img_overlap_pct is left out" in done.stderr) is not only


@pytest.mark.parametrize(
    ("system", "given", "said"),
    [
        ("nf-core", "{}", "`input` names no samplesheet that is here: it is missing"),
        ("nf-core", '{"input": "none.csv"}', "`input` names no samplesheet that is here: none.csv"),
        ("nf-core", "[", "cannot be read"),
        ("starrynight", "{}", "is no experiment of StarryNight: it has no `cp_config`"),
    ],
)
def test_what_is_none_of_their_files_is_told(run, system, given, said):
    words = ["--pipelines", "."] if system == "starrynight" else []
    done = run(system, "given.json", given, *words)
    assert (done.exit_code, said in " ".join(done.stderr.split())) == (2, True), done.output
