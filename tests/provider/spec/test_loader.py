import copy
import pickle
import re
from dataclasses import replace
from pathlib import Path

import pytest

from platerunner.catalog.loader import load_catalog
from platerunner.spec.loader import load_pipeline, load_text
from platerunner.spec.model import Position
from platerunner.spec.problems import SpecError
from platerunner.spec.settings import LoadDataMapping
from platerunner.spec.steps import ALL, Gate, InputRef, Step

HERE = Path(__file__).parent
SPECS = Path(__file__).parents[3] / "dag_specs"
VALID = (HERE / "valid.yaml").read_text()
BROKEN = sorted((HERE / "broken").glob("*.yaml"))
EXPECTATION = re.compile(r"^# expect (\d+):(\d+) (.*)$", re.MULTILINE)


def valid(old: str = "", new: str = ""):
    assert VALID.count(old) == 1 or not old, f"the valid spec has {VALID.count(old)} times {old!r}"
    return load_text(VALID.replace(old, new) if old else VALID, HERE / "valid.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(SpecError) as raised:
        load_text(text, HERE / "valid.yaml")
    return [f"{p.line}:{p.column} {p.message}. {p.remedy}" for p in raised.value.problems]


def test_the_corpus_is_large():
    assert len(BROKEN) >= 180


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_spec_is_reported_where_its_header_says_and_nowhere_else(path):
    expected = [(int(line), int(column), phrase) for line, column, phrase in EXPECTATION.findall(path.read_text())]
    with pytest.raises(SpecError) as raised:
        load_pipeline(path, look_into_files=True)
    found = raised.value.problems
    assert [(p.line, p.column) for p in found] == [(line, column) for line, column, _ in expected or [(1, 1, "")]]
    for problem, (_, _, phrase) in zip(found, expected, strict=False):
        assert phrase in f"{problem.message}. {problem.remedy}"
    assert all(problem.remedy.endswith((".", "?", "`")) and not problem.message.endswith(".") for problem in found)


def test_an_empty_file_says_how_to_begin():
    assert problems("") == ["1:1 the file is empty. Begin with `version: 1`; docs/reference/spec.md has the rest."]


def test_the_text_of_an_error_has_place_sentence_remedy_line_and_caret():
    with pytest.raises(SpecError) as raised:
        load_text("version: 1\npipelin: x\nworkspace: w\n", Path("specs/x.yaml"))
    assert (
        "specs/x.yaml:2:1: unknown key `pipelin` in the file. Did you mean `pipeline`?\n    pipelin: x\n    ^"
        in str(raised.value)
    )


def test_a_missing_file_is_an_error_of_its_own():
    with pytest.raises(SpecError, match="cannot be read: No such file"):
        load_pipeline(HERE / "nowhere.yaml")


@pytest.mark.parametrize("name", ["demo", "illumination"])
def test_shipped_specs_load(name):
    pipeline = load_pipeline(SPECS / f"{name}.yaml")
    assert pipeline.name == name
    assert list(pipeline.steps) == ["illum_calc", "illum_apply", "measure", "check_report", "check", "report"]


def test_every_part_reaches_the_model():
    pipeline = valid()
    assert (pipeline.name, pipeline.title, pipeline.owner, pipeline.tags) == ("cells", "Cells", "lab", ("pilot",))
    assert pipeline.dataset.files["raw"].complete == ("site", "channel")
    assert pipeline.dataset.where == {"well": "{{ params.wells }}"}
    assert pipeline.dataset.exclude[0].where == {"plate": "P2", "well": "B03"}
    assert pipeline.dataset.exclude[0].because == "out of focus"
    step = pipeline.steps["illum_calc"]
    assert isinstance(step, Step)
    assert step.foreach == ("plate",)
    assert step.inputs == {"images": InputRef("dataset", "raw")}
    metadata = {"Plate": "plate", "Well": "well", "Site": "site"}
    assert step.load_data == LoadDataMapping({"Orig{channel}": "images"}, metadata)
    assert (step.retry.attempts, step.retry.memory) == (3, 2.0)
    assert step.position == Position(24, 3)
    measure = pipeline.steps["measure"]
    assert isinstance(measure, Step)
    assert measure.tolerate == pytest.approx(0.02)
    every = valid("    tolerate: 2%\n", "    tolerate: all\n").steps["measure"]
    assert isinstance(every, Step)
    assert every.tolerate == ALL
    crop = pipeline.steps["crop"]
    assert isinstance(crop, Step)
    assert crop.outputs["tiles"].ranges == {"tile": (1, 100)}


def test_resources_come_from_the_step_then_the_defaults_then_the_module():
    pipeline = valid("    tolerate: 2%\n", "    tolerate: 2%\n    resources: {memory: 16 GiB}\n")
    measure = pipeline.steps["measure"]
    assert isinstance(measure, Step)
    module = load_catalog()["imaging.segment-measure"]
    assert measure.resources.memory == 16 * 1024**3
    assert measure.resources.timeout == 600
    assert measure.resources.disk == module.resources.disk


def test_special_resources_and_cost_tags():
    text = VALID.replace("tags: [pilot]\n", "tags: [pilot]\ncost_tags: {project: 0815, lab: A}\n").replace(
        "    tolerate: 2%\n",
        "    tolerate: 2%\n    cost_tags: {lab: B, 'cost:center': x y, Förderung: 研究 Ⅷ}\n"
        "    resources: {gpus: 2, shared_memory: 2 GiB, swap: 500 MB}\n",
    )
    pipeline = load_text(text, HERE / "valid.yaml")
    measure, crop = pipeline.steps["measure"], pipeline.steps["crop"]
    assert isinstance(measure, Step)
    assert isinstance(crop, Step)
    assert measure.cost_tags == {"project": "0815", "lab": "B", "cost:center": "x y", "Förderung": "研究 Ⅷ"}
    assert crop.cost_tags == pipeline.steps["check_report"].cost_tags == {"project": "0815", "lab": "A"}
    assert (measure.resources.gpus, measure.resources.shared_memory, measure.resources.swap) == (
        2,
        2 << 30,
        500 * 10**6,
    )
    assert (crop.resources.gpus, crop.resources.shared_memory, crop.resources.swap) == (0, None, None)


def test_waiting_comes_from_the_step_then_the_defaults():
    pipeline = valid("  retry: {attempts: 3, memory: x2}\n", "  retry: {attempts: 3, memory: x2}\n  waiting_for: 2 h\n")
    assert {step.waiting_for for step in pipeline.modules if step.name != "check_report"} == {7200.0}
    text = VALID.replace(
        "    module: imaging.illum-apply\n", "    module: imaging.illum-apply\n    waiting_for: 5 min\n"
    )
    waits = {step.name: step.waiting_for for step in load_text(text, HERE / "valid.yaml").modules}
    assert waits == {"illum_calc": 0, "illum_apply": 300, "measure": 0, "check_report": 0, "crop": 0}


def test_the_default_image_spares_modules_that_bring_their_own():
    steps = valid().steps
    assert {name: step.image for name, step in steps.items() if isinstance(step, Step)} == {
        "illum_calc": "cellprofiler:4.2.8",
        "illum_apply": None,
        "measure": None,
        "check_report": None,
        "crop": "cellprofiler:4.2.8",
    }


def test_an_override_to_another_module_brings_its_image_parameters_and_resources():
    step = valid().steps["illum_apply"]
    assert isinstance(step, Step)
    (override,) = step.overrides
    under = step.under(override)
    assert (under.module, under.image) == ("cellprofiler", "cellprofiler:4.2.8")
    assert under.with_ == {"pipeline": "pipelines/illum.cppipe"}
    assert under.load_data is not None
    assert under.resources.memory == 2 * 1024**3  # the spec's defaults go before the catalog
    assert under.resources.disk == load_catalog()["cellprofiler"].resources.disk
    assert under.overrides == ()


def test_an_override_of_the_same_module_keeps_what_it_does_not_name():
    text = '    overrides:\n      - {when: "{{ true }}", with: {min_area: 50}}\n'
    step = valid("    tolerate: 2%\n", f"    tolerate: 2%\n{text}").steps["measure"]
    assert isinstance(step, Step)
    under = step.under(step.overrides[0])
    assert under.with_ == {"nuclei": "DNA", "min_area": 50}
    assert replace(under, with_=step.with_, overrides=step.overrides) == step


def test_a_gate_comes_after_its_report_which_waits_for_all_that_the_gate_waits_for():
    pipeline = valid()
    report, gate = pipeline.steps["check_report"], pipeline.steps["check"]
    assert isinstance(report, Step)
    assert isinstance(gate, Gate)
    assert report.module == "imaging.montage"
    assert report.upstream == ("illum_apply", "measure")
    assert report.foreach == ("plate",)
    assert {name: output.pattern for name, output in report.outputs.items()} == {
        "montage": "gates/check/{plate}/montage.png",
        "page": "gates/check/{plate}/report.html",
        "numbers": "gates/check/{plate}/numbers.json",
    }
    assert (gate.report, gate.upstream, gate.timeout) == ("check_report", ("check_report",), 7 * 86400)
    assert gate.checks == {"sites": {"min": 20}}


def test_what_a_gate_says_of_its_report_reaches_the_program_that_makes_it():
    shown = "show: {corrected: illum_apply.corrected}"
    report = valid(shown, f"{shown}\n    report: {{columns: [Count_Nuclei], max_shift: 20}}").steps["check_report"]
    assert isinstance(report, Step)
    assert report.with_ == {"columns": ["Count_Nuclei"], "max_shift": 20}


def test_a_gate_shows_files_of_the_workspace_by_pattern():
    shown = 'show: {all: "corrected/*/*.tiff"}'
    report = valid("show: {corrected: illum_apply.corrected}", shown).steps["check_report"]
    assert isinstance(report, Step)
    assert report.inputs == {"all": InputRef("workspace", "corrected/*/*.tiff")}
    assert report.foreach == ()
    assert report.outputs["montage"].pattern == "gates/check/montage.png"
    assert report.upstream == ("measure",)


def test_a_gate_that_shows_nothing_has_no_report():
    pipeline = valid("    show: {corrected: illum_apply.corrected}\n", "")
    assert "check_report" not in pipeline.steps
    assert pipeline.steps["check"].upstream == ("measure",)


def test_steps_come_after_what_they_need_and_otherwise_as_in_the_file():
    head, tail = VALID.split("steps:\n")
    blocks = re.split(r"(?m)^(?=  \w)", tail)
    backwards = load_text(head + "steps:\n" + "".join(reversed(blocks)), HERE / "valid.yaml")
    assert list(backwards.steps) == ["illum_calc", "illum_apply", "measure", "check_report", "check", "crop"]
    seen: set[str] = set()
    for name, step in backwards.steps.items():
        assert seen.issuperset(step.upstream)
        seen.add(name)


@pytest.mark.parametrize("written", ["0512", "1e3", "NO", "1:30", "true", "0x1F", "1_000", "-3", ".5"])
def test_identifiers_are_text_as_written(written):
    pipeline = load_text(
        VALID.replace("{plate: P2, well", f"{{plate: {written}, well").replace(
            'where: {well: "{{ params.wells }}"}', f"where: {{plate: {written}, well: [{written}]}}"
        ),
        HERE / "valid.yaml",
    )
    assert pipeline.dataset.exclude[0].where["plate"] == written
    assert pipeline.dataset.where == {"plate": written, "well": [written]}


def test_params_and_parameters_of_type_text_are_taken_as_written_too():
    text = VALID.replace("default: []}", "default: [0512, 1e3]}").replace("nuclei: DNA", "nuclei: 0405")
    pipeline = load_text(text, HERE / "valid.yaml")
    assert pipeline.params["wells"]["default"] == ["0512", "1e3"]
    measure = pipeline.steps["measure"]
    assert isinstance(measure, Step)
    assert measure.with_ == {"nuclei": "0405", "min_area": 30}


def test_templates_stand_in_for_parameters_of_any_type():
    measure = valid("min_area: 30", 'min_area: "{{ params.threshold * 100 }}"').steps["measure"]
    assert isinstance(measure, Step)
    assert measure.with_["min_area"] == "{{ params.threshold * 100 }}"


def test_load_data_may_name_its_columns():
    old = "metadata: [plate, well, site]}\n    outputs"
    new = "metadata: {Plate: plate, FieldID: site}}\n    outputs"
    step = valid(old, new).steps["illum_calc"]
    assert isinstance(step, Step)
    assert step.load_data is not None
    assert step.load_data.metadata == {"Plate": "plate", "FieldID": "site"}


@pytest.mark.parametrize("schedule", ["0 6 * * *", "'@daily'", "null", "'*/15 8-18 * * 1-5'"])
def test_schedules(schedule):
    assert valid("schedule: null", f"schedule: {schedule}").schedule in {schedule.strip("'"), None}


def test_an_output_of_unknown_number_needs_no_range():
    old = '{path: "tiles/{plate}/{well}/{tile}.tiff", tile: {range: [1, 100]}}'
    new = '{path: "tiles/{plate}/{well}/{tile}.tiff", from: "**/Tile_{tile}.tiff", at_least: 1}'
    step = valid(old, new).steps["crop"]
    assert isinstance(step, Step)
    assert (step.outputs["tiles"].at_least, step.outputs["tiles"].source) == (1, "**/Tile_{tile}.tiff")


def test_a_cycle_hides_no_other_cycle():
    text = VALID.replace("    tolerate: 2%", "    needs: [check]").replace(
        "    inputs: {images: dataset.raw}\n    with",
        "    inputs: {images: dataset.raw}\n    needs: [illum_apply]\n    with",
    )
    found = [p for p in problems(text) if "wait for each other" in p]
    assert len(found) == 2


def test_a_file_that_a_link_leads_out_of_the_folder_is_not_read(tmp_path):
    (tmp_path / "secret.cppipe").write_text("x")
    folder = tmp_path / "specs" / "pipelines"
    folder.mkdir(parents=True)
    (folder / "illum.cppipe").symlink_to(tmp_path / "secret.cppipe")
    with pytest.raises(SpecError, match="not below the folder of this spec"):
        load_text(VALID, tmp_path / "specs" / "x.yaml")


def test_a_pipeline_can_be_copied_and_pickled():
    pipeline = valid()
    assert copy.deepcopy(pipeline) == pickle.loads(pickle.dumps(pipeline)) == pipeline


def test_a_catalog_of_ones_own():
    cellprofiler = load_catalog()["cellprofiler"]
    with pytest.raises(SpecError, match=r"no module is called `command`"):
        load_text(VALID, HERE / "valid.yaml", {"cellprofiler": cellprofiler})


def test_a_long_chain_of_steps():
    head, _ = VALID.split("steps:\n")
    step = "  s{n}:\n    module: command\n    inputs: {{images: {source}}}\n    foreach: [plate]\n"
    step += "    with: {{argv: [x]}}\n"
    step += '    outputs: {{o: "o{n}/{{plate}}.txt"}}\n'
    sources = ["dataset.raw", *(f"s{n}.o" for n in range(299))]
    steps = "".join(step.format(n=n, source=source) for n, source in enumerate(sources))
    assert list(load_text(f"{head}steps:\n{steps}", HERE / "valid.yaml").steps) == [f"s{n}" for n in range(300)]


MISPLACED = {
    "a param at the left": ("\n  threshold: ", "\nthreshold: ", "more than `params` if it belongs to that"),
    "a file set's neighbour": ("\n  exclude:", "\nexclude:", "more than `dataset` if it belongs to that"),
    "the last step": ("\n  measure:", "\nmeasure:", "more than `steps` if it belongs to that"),
    "no blank after a word's colon": ("\nowner: lab", "\nowner:lab", "Put a blank after `owner:`."),
    "no blank and one key": ("outputs: {corrected", "outputs:{corrected", "Put a blank after `outputs:`."),
    "no blank and more keys": ("retry: {attempts", "retry:{attempts", "Put a blank after `retry:`."),
    "a typo stays one": ("\nowner:", "\nowmer:", "Did you mean `owner`?"),
}


@pytest.mark.parametrize(("right", "wrong", "said"), MISPLACED.values(), ids=MISPLACED)
def test_a_key_in_a_wrong_place_is_told_where_it_belongs(right, wrong, said):
    begin, end = VALID.split(right)
    if right.startswith("\n  ") and right.endswith(":"):  # with what stands below it
        end = end.replace("\n  ", "\n")
    with pytest.raises(SpecError) as raised:
        load_text(begin + wrong + end, HERE / "valid.yaml")
    assert said in " ".join(problem.remedy for problem in raised.value.problems)
