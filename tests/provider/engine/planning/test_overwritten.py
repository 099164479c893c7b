"""A success whose files were overwritten since is none: what lies there was made of other inputs or settings."""

import pytest
from tests.provider.engine.planning.lab import Lab, states

from platerunner.engine.planning.reasons import TEXTS, Why
from platerunner.engine.records.outcomes import OutcomeStore

WELLS = ["plate=P1/well=A01", "plate=P1/well=A02"]
NOTHING = {"illum_calc": [], "illum_apply": [], "measure": [], "report": []}


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path, heeds_params=True)
    lab.shoot()
    lab.run()
    lab.params["nuclei"] = "ER"
    lab.run()
    return lab


def test_a_param_that_was_changed_back_runs_again(lab):
    lab.params["nuclei"] = "DNA"
    assert states(lab.plan_all()["measure"]) == dict.fromkeys(WELLS, ("pending", TEXTS[Why.OVERWRITTEN]))
    assert lab.run() == NOTHING | {"measure": WELLS, "report": ["plate=P1"]}
    assert lab.run() == NOTHING
    lab.params["nuclei"] = "ER"
    assert lab.run()["measure"] == WELLS


def test_a_success_that_wrote_the_same_files_leaves_the_earlier_one_good(tmp_path):
    lab = Lab(tmp_path)
    lab.shoot()
    lab.run()
    lab.digest = "sha256:1"
    lab.run()
    lab.digest = "sha256:0"
    assert lab.run() == NOTHING


def test_one_that_failed_since_overwrote_nothing(lab):
    lab.params["nuclei"] = "DNA"
    lab.fails = {("measure", well) for well in WELLS}
    lab.run()
    lab.params["nuclei"] = "ER"
    assert lab.run() == NOTHING


def test_outcomes_are_read_only_until_a_run_has_set_them_aside(lab, monkeypatch):
    lab.run()
    monkeypatch.setattr(OutcomeStore, "get", lambda *_: pytest.fail("read"))
    assert lab.run() == NOTHING


def test_a_step_renamed_since_is_not_done_by_what_was_overwritten(lab):
    lab.params["nuclei"] = "DNA"
    lab.spec = lab.spec.replace("measure:", "count:").replace("measure.", "count.")
    assert lab.run()["count"] == WELLS
