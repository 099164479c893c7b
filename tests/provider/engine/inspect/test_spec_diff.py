"""What `diff` says of a step that runs again is what differs, and nothing else."""

import pytest
from tests.provider.engine.planning.lab import Lab

from platerunner.catalog.loader import load_catalog
from platerunner.engine.inspect.spec_diff import diff_step
from platerunner.engine.planning.prepare import ingredients_of

FROM_APPLY = "its inputs come from illum_apply, whose units run before"
FROM_MEASURE = "its inputs come from measure, whose units run before"
CHANGES = {
    "nothing": ("", "", {}),
    "a wildcard has another name": (
        "site", "field",
        {"illum_apply": {"its outputs' patterns changed"}, "measure": {FROM_APPLY}, "report": {FROM_MEASURE}},
    ),
    "memory": ("{images: dataset.raw}\n", "{images: dataset.raw}\n    resources: {memory: 7 GiB}\n", {}),
    "one site of two": (
        "foreach: [plate]\n    inputs: {images", "foreach: [plate]\n    every: {site: 2}\n    inputs: {images",
        {
            "illum_calc": {"input `images` has other files"},
            "illum_apply": {"its inputs come from illum_calc, whose units run before"},
            "measure": {FROM_APPLY},
            "report": {FROM_MEASURE},
        },
    ),
    "a param": ("{{ params.nuclei }}", "ER", {
        "measure": {'parameter `nuclei` "DNA" → "ER"'},
        "report": {FROM_MEASURE},
    }),
}  # fmt: skip


@pytest.mark.parametrize(("before", "now", "said"), CHANGES.values(), ids=CHANGES)
def test_each_cause_is_named_and_no_other(before, now, said, tmp_path):
    lab = Lab(tmp_path)
    lab.shoot()
    old = lab.spec
    lab.run()
    plans, own = lab.plan_all(), ingredients(lab)
    lab.spec = old.replace(before, now) if before else old
    diffs = {
        step: diff_step(plans[step], plan, own[step], ingredients(lab)[step]) for step, plan in lab.plan_all().items()
    }
    because = {step: {clause for clause, _ in found.because} for step, found in diffs.items() if found.reruns}
    assert because == said


def ingredients(lab):
    return {
        s.name: ingredients_of(lab.pipeline, s.name, load_catalog(), lab.context(), {}) for s in lab.pipeline.modules
    }
