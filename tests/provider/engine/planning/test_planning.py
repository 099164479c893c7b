"""Planning one step: units, broadcast inputs, expected outputs, states; the same for any listing order."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.provider.engine.planning.lab import states

from platerunner.engine.planning.available import Available, Excluded
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.files import Files
from platerunner.engine.planning.model import UnitState
from platerunner.engine.planning.planning import plan_step
from platerunner.engine.planning.units.fingerprint import Fingerprints
from platerunner.spec.steps import InputRef, Output, Step
from platerunner_unit.contract.manifest import InputFile, OpenOutput
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.storage import Storage


def _available(pattern, keys, ref="dataset.raw", **more):
    parsed = Pattern.parse(pattern)
    files = [InputFile(key, "data", len(key), f"etag of {key}", parsed.match(key)) for key in keys]
    return Available(ref, parsed, Files.of(files, "data"), len(files), **more)


def _step(foreach, outputs, inputs=("images",)):
    outputs = {name: output if isinstance(output, Output) else Output(name, output) for name, output in outputs.items()}
    return Step("s", "m", tuple(foreach), {name: InputRef("dataset", name) for name in inputs}, outputs)


def _plan(step, tmp_path, **available):
    return plan_step(step, available, lambda _values: Fingerprints({}), Storage(str(tmp_path / "work")))


RAW = "{plate}/{well}_s{site:int}_{channel}.tif"
KEYS = [f"{p}/{w}_s{s}_{c}.tif" for p in ("P1", "P2") for w in ("A2", "A10") for s in (1, 2) for c in ("DNA", "ER")]


def test_units_come_in_natural_order_with_their_files(tmp_path):
    plan = _plan(_step(["plate", "well"], {}), tmp_path, images=_available(RAW, KEYS))
    assert list(states(plan)) == [f"plate={p}/well={w}" for p in ("P1", "P2") for w in ("A2", "A10")]
    first = plan.units[0].task
    assert first.values == {"plate": "P1", "well": "A2"}
    assert [file.key for file in first.inputs["images"]] == sorted(KEYS)[4:8]
    assert plan.listed == {"images": 16}


def test_a_step_without_foreach_is_one_unit(tmp_path):
    plan = _plan(_step([], {"all": "all.csv"}), tmp_path, images=_available(RAW, KEYS))
    assert states(plan) == {"all": ("pending", "new")}
    assert len(plan.units[0].task.inputs["images"]) == 16
    assert plan.units[0].task.outputs["all"][0].key == "all.csv"


def test_a_unit_by_site_has_its_value_as_a_number(tmp_path):
    plan = _plan(_step(["site"], {}), tmp_path, images=_available(RAW, KEYS))
    assert [unit.task.values for unit in plan.units] == [{"site": 1}, {"site": 2}]


def test_an_input_that_lacks_wildcards_goes_to_all_units_that_agree(tmp_path):
    illum = _available("{plate}_{channel}.npy", ["P1_DNA.npy", "P1_ER.npy", "P2_DNA.npy"], "illum_calc.illum")
    step = _step(["plate", "well"], {}, ("images", "illum"))
    plan = _plan(step, tmp_path, images=_available(RAW, KEYS), illum=illum)
    files = {unit.task.unit: [file.key for file in unit.task.inputs["illum"]] for unit in plan.units}
    assert files["plate=P1/well=A10"] == ["P1_DNA.npy", "P1_ER.npy"]
    assert files["plate=P2/well=A2"] == ["P2_DNA.npy"]


def test_planning_gives_the_fingerprints_that_it_always_gave(tmp_path):
    # If these change, every unit of every workspace runs again.
    functions = ["P1_DNA.npy", "P2_DNA.npy"]
    illum = _available("{plate}_{channel}.npy", functions, "illum_calc.illum", renamed=("channel",))
    step = _step(["plate", "well"], {}, ("images", "illum"))
    plan = _plan(step, tmp_path, images=_available(RAW, KEYS), illum=illum)
    assert {unit.unit: unit.fingerprint for unit in plan.units} == {
        "plate=P1/well=A2": "bc929e370eb34e59e6c28ae659e77c5e",
        "plate=P1/well=A10": "95dac241a8fabb1f143381b2488e893f",
        "plate=P2/well=A2": "f07b732bb69fbb40b2454f61fbccc3dd",
        "plate=P2/well=A10": "e895653a256f96601c08be93809b8d9b",
    }


def test_a_unit_without_a_declared_input_waits_for_it(tmp_path):
    illum = _available("{plate}_{channel}.npy", ["P1_DNA.npy"], "illum_calc.illum")
    step = _step(["plate", "well"], {}, ("images", "illum"))
    plan = _plan(step, tmp_path, images=_available(RAW, KEYS), illum=illum)
    assert states(plan)["plate=P1/well=A2"] == ("pending", "new")
    assert states(plan)["plate=P2/well=A2"] == ("waiting", "waits for illum_calc.illum")


def test_what_gathers_a_step_of_which_all_may_fail_goes_on_without_it_and_its_like_for_each_unit_waits(tmp_path):
    ebi = _available("{plate}.json", [], "ebi.table", dispensable=True)
    step = _step([], {}, ("images", "ebi"))
    plan = _plan(step, tmp_path, images=_available(RAW, KEYS), ebi=ebi)
    assert states(plan) == {"all": ("pending", "new")}
    assert plan.units[0].task.inputs["ebi"] == ()
    step = _step(["plate"], {}, ("images", "ebi"))
    plan = _plan(step, tmp_path, images=_available(RAW, KEYS), ebi=ebi)
    assert states(plan)["plate=P1"] == ("waiting", "waits for ebi.table")


def test_units_are_the_union_of_all_inputs_that_can_name_them(tmp_path):
    masks = _available("{plate}/{well}.mask", ["P1/A2.mask", "P3/B1.mask"], "segment.mask")
    step = _step(["plate", "well"], {}, ("images", "masks"))
    found = states(_plan(step, tmp_path, images=_available(RAW, KEYS), masks=masks))
    assert found["plate=P3/well=B1"] == ("waiting", "waits for dataset.raw")
    assert found["plate=P1/well=A10"] == ("waiting", "waits for segment.mask")
    assert found["plate=P1/well=A2"] == ("pending", "new")


def test_numbers_and_texts_of_one_site_are_one_unit(tmp_path):
    corrected = _available("{well}_{site}.tiff", ["A2_1.tiff", "A2_2.tiff"], "illum_apply.corrected")
    raw = _available("{well}_s{site:int}.tif", ["A2_s01.tif", "A2_s02.tif"])
    step = _step(["well", "site"], {}, ("images", "corrected"))
    plan = _plan(step, tmp_path, images=raw, corrected=corrected)
    assert states(plan) == {"well=A2/site=1": ("pending", "new"), "well=A2/site=2": ("pending", "new")}


def test_no_input_can_name_the_units(tmp_path):
    with pytest.raises(PlanningError, match=r"step s: no input has all of \{plate\}, \{cycle\}"):
        _plan(_step(["plate", "cycle"], {}), tmp_path, images=_available(RAW, KEYS))


def test_a_unit_of_which_all_is_left_out_is_excluded(tmp_path):
    out = Excluded({"plate": "P9", "well": "A1", "site": 1, "channel": "DNA"}, "dropped plate")
    plan = _plan(_step(["plate"], {"x": "{plate}.csv"}), tmp_path, images=_available(RAW, KEYS, excluded=(out,)))
    assert states(plan)["plate=P9"] == ("excluded", "dropped plate")
    assert plan.counts() == {"done": 0, "pending": 2, "waiting": 0, "excluded": 1}
    assert [task.outputs for task in plan.tasks(UnitState.EXCLUDED)] == [{}]


def test_outputs_range_over_the_values_of_the_inputs(tmp_path):
    keys = ["P1/A2_s1_DNA.tif", "P1/A2_s1_ER.tif", "P1/A2_s2_DNA.tif"]
    step = _step(["plate", "well"], {"out": "{plate}/{well}/{site}_{channel}.tiff", "csv": "{plate}/{well}.csv"})
    task = _plan(step, tmp_path, images=_available(RAW, keys)).units[0].task
    assert [file.key for file in task.outputs["out"]] == ["P1/A2/1_DNA.tiff", "P1/A2/1_ER.tiff", "P1/A2/2_DNA.tiff"]
    assert task.outputs["out"][2].values == {"plate": "P1", "well": "A2", "site": 2, "channel": "DNA"}
    assert [file.key for file in task.outputs["csv"]] == ["P1/A2.csv"]


def test_wildcards_from_several_inputs_are_combined(tmp_path):
    step = _step(["plate"], {"out": "{plate}/{site}_{cycle}.tiff"}, ("images", "cycles"))
    cycles = _available("{plate}/c{cycle}.txt", ["P1/c1.txt", "P1/c2.txt"])
    images = _available("{plate}/s{site}.tif", ["P1/s1.tif", "P1/s2.tif"])
    task = _plan(step, tmp_path, images=images, cycles=cycles).units[0].task
    assert [file.key for file in task.outputs["out"]] == ["P1/1_1.tiff", "P1/1_2.tiff", "P1/2_1.tiff", "P1/2_2.tiff"]


def test_ranges_and_open_outputs(tmp_path):
    outputs = {
        "tiles": Output("tiles", "t/{plate}/{tile}.tiff", ranges={"tile": (1, 3)}),
        "crops": Output("crops", "c/{plate}/{crop:int}.tiff", source="crop_{crop:int}.tiff", at_least=2),
        "named": Output("named", "n/{plate}.csv", source="Image_{plate}.csv"),
    }
    task = _plan(_step(["plate"], outputs), tmp_path, images=_available(RAW, KEYS)).units[0].task
    assert [file.key for file in task.outputs["tiles"]] == [f"t/P1/{tile}.tiff" for tile in (1, 2, 3)]
    assert task.open_outputs == {"crops": OpenOutput("c/P1/{crop:int}.tiff", 2, None, "crop_{crop:int}.tiff")}
    assert task.outputs["named"][0].source == "Image_P1.csv"


def test_an_output_wildcard_from_nowhere(tmp_path):
    with pytest.raises(PlanningError, match=r"output o: no input supplies \{tile\}.*`at_least`"):
        _plan(_step(["plate"], {"o": "{plate}/{tile}.tiff"}), tmp_path, images=_available(RAW, KEYS))


def test_units_that_would_overwrite_each_other(tmp_path):
    with pytest.raises(PlanningError, match=r"lacks \{well\}, so its units would overwrite"):
        _plan(_step(["plate", "well"], {"o": "{plate}.csv"}), tmp_path, images=_available(RAW, KEYS))


def test_a_value_that_an_output_cannot_take(tmp_path):
    with pytest.raises(PlanningError, match=r"step s, output o: .*whole number"):
        _plan(_step(["well"], {"o": "{well:int}.csv"}), tmp_path, images=_available(RAW, KEYS))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(KEYS), min_size=1, unique=True), st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_of_the_listing(tmp_path_factory, keys, rng: random.Random):
    folder = tmp_path_factory.mktemp("plan")
    step = _step(["plate", "well"], {"out": "{plate}/{well}/{site}_{channel}.tiff"}, ("images", "illum"))
    illum_keys = ["P1_DNA.npy", "P2_ER.npy", "P1_ER.npy"]

    def plan(images, functions):
        return _plan(step, folder, images=_available(RAW, images), illum=_available("{plate}_{channel}.npy", functions))

    one, other = plan(sorted(keys), illum_keys), plan(rng.sample(keys, len(keys)), illum_keys[::-1])
    assert one == other
    assert [unit.task for unit in one.units] == [unit.task for unit in other.units]


@given(st.permutations([("P1", "dirt"), ("P1", "bubble"), ("P2", "broken")]))
def test_the_reason_of_an_exclusion_does_not_depend_on_the_order_either(tmp_path_factory, reasons):
    out = tuple(Excluded({"plate": plate, "site": 1}, because) for plate, because in reasons)
    plan = _plan(_step(["plate"], {}), tmp_path_factory.getbasetemp(), images=_available(RAW, [], excluded=out))
    assert {unit: reason for unit, (_, reason) in states(plan).items()} == {
        "plate=P1": "bubble",
        "plate=P2": "broken",
    }


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(KEYS), min_size=1, unique=True))
def test_every_file_belongs_to_exactly_one_unit(tmp_path_factory, keys):
    step = _step(["plate", "well"], {})
    plan = _plan(step, tmp_path_factory.mktemp("plan"), images=_available(RAW, keys))
    assert sorted(file.key for unit in plan.units for file in unit.task.inputs["images"]) == sorted(keys)


def test_what_a_version_before_did_stays_done(lab):
    """It kept one outcome for each fingerprint and verdict, without attempt and run in its name."""
    lab.run()
    outcomes = lab.workspace.path("_platerunner/outcomes")
    for path in [path for path in outcomes.rglob("*.json") if path.is_file()]:
        fingerprint, word, _ = path.name.split(".", 2)
        path.rename(path.with_name(f"{fingerprint}.{word}.json"))
    assert all(ran == [] for ran in lab.run().values())
