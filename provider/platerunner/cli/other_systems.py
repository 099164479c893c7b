"""`platerunner import nf-core` and `import starrynight`: from their files of settings to a spec."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from platerunner.cli.cell_painting import Wishes, shipped, with_default, write_starter
from platerunner.cli.console import err, fail, out
from platerunner.cli.first_spec import pipeline_name
from platerunner.cli.loading import load_or_fail

New = Annotated[Path | None, typer.Option("--out", "-o", help="New folder.", show_default="named like the input")]
_PIPELINES = {
    "cellprofiler_illumination_cppipe": "illum",
    "cellprofiler_assaydevelopment_cppipe": "segcheck",
    "cellprofiler_analysis_cppipe": "analysis",
}
_TEMPLATE = "{{"
"""What nf-core fills in, once per channel; CellProfiler takes no template."""
_AS_IN_NF_CORE = {
    "{images: illum_apply.corrected}": "{images: dataset.painting, illum: illum_calc.illum}",
    '{"Corr{channel}": images}': '{"Orig{channel}": images, "Illum{channel}": illum}',
}
"""The shipped pipelines read corrected images; nf-core's read raw ones, and correct them."""
_LEFT = {
    "stop_after": "a run waits at its gates, and goes on once a person approved",
    "cellprofiler_mode": "the gate `segcheck_qc` stands between assay development and analysis",
    "cellprofiler_assaydevelopment_site": "`every: {site: N}` of the step `segcheck` chooses sites",
    "outdir": "`workspace_root` of the connection says where results go",
}
_SHAPES = ("square", "round")


def nf_core(
    params: Annotated[Path, typer.Argument(help="Its params file, YAML or JSON, as for `-params-file`.", exists=True)],
    *,
    to: New = None,
) -> None:
    """Make a spec of nf-core/cellpainting's params and samplesheet, with the shipped pipelines beside it."""
    given = _read(params)
    sheet = params.parent / str(given.get("input", ""))
    if not given.get("input") or not sheet.is_file():
        fail(f"{params}: `input` names no samplesheet that is here: {given.get('input', 'it is missing')}.")
    spec = write_starter(sheet, to, Wishes())
    if email := given.get("email_on_fail") or given.get("email"):
        told = yaml.safe_dump({"on_failure": [{"email": [email]}]}, default_flow_style=True).strip()
        spec.write_text(f"{spec.read_text(encoding='utf-8').rstrip()}\nnotify: {told}\n", encoding="utf-8")
    for key, name in _PIPELINES.items():
        if own := given.get(key):
            _take_pipeline(key, params.parent / str(own), spec, name)
    load_or_fail(spec)
    for key in _LEFT.keys() & given:
        _tell_left(key, _LEFT[key])
    out.print(f"{spec}: `platerunner plan {spec}` says what would run.", markup=False)


def starrynight(
    experiment: Annotated[Path, typer.Argument(help="Its experiment.json.", exists=True)],
    *,
    pipelines: Annotated[Path, typer.Option(help="Folder with CellProfiler's pipelines 1 to 9.", file_okay=False)],
    to: New = None,
) -> None:
    """Make a spec of pooled Cell Painting of a StarryNight experiment."""
    given = _read(experiment)
    painting, barcoding = given.get("cp_config"), given.get("sbs_config")
    if not isinstance(painting, dict):
        fail(f"{experiment} is no experiment of StarryNight: it has no `cp_config`.")
    name = pipeline_name(str(given.get("dataset_id") or experiment.stem))
    target = to or Path(name)
    if target.exists():
        fail(f"{target} is there already. Delete it, or name another with --out.")
    settings = {"painting_only": not barcoding, "pipelines": str(pipelines.absolute())}
    settings |= _acquired("painting_shape", painting) | _acquired("barcoding_shape", barcoding or {})
    spec = target / f"{name}.yaml"
    head, rest = shipped("pcpip.yaml").read_text(encoding="utf-8").split("\ndataset:", 1)
    version, *lines = [line for line in head.splitlines() if not line.startswith(("#", "include:", "pipeline:"))]
    target.mkdir(parents=True)
    text = "\n".join([version, f"pipeline: {name}", *(with_default(line, settings) for line in lines)])
    spec.write_text(f"{text}\n\ndataset:{rest}", encoding="utf-8")
    load_or_fail(spec)
    if barcoding and barcoding.get("img_overlap_pct") != painting.get("img_overlap_pct"):
        _tell_left("sbs_config.img_overlap_pct", "`overlap` is one param for both arms")
    for key in {"index_path", "inventory_path"} & given.keys():
        _tell_left(key, "files are found by the patterns of `dataset.files`")
    out.print(f"{spec}: look at `dataset.files`, then `platerunner validate {spec}`.", markup=False)


def _take_pipeline(key: str, own: Path, spec: Path, name: str) -> None:
    """Put a pipeline of the lab's own in place of a shipped one; its step then reads what nf-core's process does."""
    here = spec.parent / "pipelines" / f"{name}.cppipe"
    if not own.is_file():
        _tell_left(key, f"{own} is not here; fetch it, name it in the params file, and import once more")
        return
    if _TEMPLATE in own.read_text(encoding="utf-8", errors="replace"):
        _tell_left(key, f"write its modules into {here} once per channel, in place of the template's `{{{{channel}}}}`")
        return
    before, head, rest = spec.read_text(encoding="utf-8").partition(f"\n  {name}:\n")
    step, end, after = rest.partition("\n\n")
    for ours, theirs in _AS_IN_NF_CORE.items():
        step = step.replace(ours, theirs)
    spec.write_text("".join((before, head, step, end, after)), encoding="utf-8")
    shutil.copyfile(own, here)
    out.print(f"{here} is {own.name}: see that `outputs` are what it writes.", markup=False)


def _acquired(shape: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Params of how sites were acquired."""
    found = {shape: config["img_frame_type"]} if config.get("img_frame_type") in _SHAPES else {}
    if shape == "painting_shape" and "img_overlap_pct" in config:
        found["overlap"] = config["img_overlap_pct"]
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        return dict(json.loads(text) if path.suffix == ".json" else yaml.safe_load(text))
    except (ValueError, TypeError, yaml.YAMLError) as error:
        fail(f"{path} cannot be read: {error}")


def _tell_left(key: str, sentence: str) -> None:
    err.print(f"{key} is left out: {sentence}.", style="yellow", markup=False)
