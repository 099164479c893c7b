"""A step that ends green has done everything: what changes while it runs is run, or said."""

import pytest
from tests import lab as labs
from tests.lab import GOOD

from platerunner.batch.model import BatchError
from platerunner.cli.run.checks import check_before
from platerunner.engine.planning.model import UnitState
from platerunner.engine.steps import step_run, submission
from platerunner.engine.steps.digest import is_red
from platerunner_unit.contract.category import Category

SLOW = f"sleep 1\n{GOOD}"
TOLERANT = "tolerate: 1\n    retry: {attempts: 3}"


@pytest.fixture
def spec(monkeypatch):
    """Commits another spec."""
    before = labs.SPEC

    def change(old, new):
        assert old in before
        monkeypatch.setattr(labs, "SPEC", before.replace(old, new))

    return change


class Killed(BaseException):
    """SIGKILL, right after AWS took the job."""


def is_complete(lab, result, failed, tolerate=0):
    """What green means."""
    return not is_red(result, failed, tolerate) and not lab.run().scope.plan().of(UnitState.PENDING)


@pytest.mark.slow
def test_a_spec_that_changes_in_flight_is_followed_in_the_same_try(lab, spec):
    lab.write(A01='sleep 1\necho "$2" > "$1"\n', A02='sleep 1\necho "$2" > "$1"\n')
    lab.run().start()
    spec('"{{outputs.made}}"]', '"{{outputs.made}}", new]')
    result, failed = lab.collect()
    assert is_complete(lab, result, failed)
    assert (result.succeeded, lab.starts()) == (2, {"A01": 2, "A02": 2})
    assert (lab.folder / "workspace/made/P1/A01.txt").read_text() == "new\n"


@pytest.mark.slow
def test_what_is_tried_again_runs_under_the_spec_that_its_outcome_names(lab, spec):
    """An attempt under new settings once stored its outcome under the fingerprint of the old ones."""
    lab.write(A01=f'test "$2" = new || {{ sleep 1; exit 137; }}\n{GOOD}')
    lab.run().start()
    spec('"{{outputs.made}}"]', '"{{outputs.made}}", new]')
    result, failed = lab.collect()
    assert is_complete(lab, result, failed)
    assert (result.retried, lab.starts()) == ({}, {"A01": 2})
    spec("title", "title")
    assert [unit.state for unit in lab.run().scope.plan().units] == ["pending"], (
        "nothing ever succeeded under the old spec"
    )


@pytest.mark.slow
def test_a_raw_file_that_is_replaced_in_flight_is_planned_anew(lab):
    lab.write(A01=SLOW, A02=SLOW)
    lab.run().start()
    lab.write(A02=f"{SLOW}# sharper\n")
    result, failed = lab.collect()
    assert is_complete(lab, result, failed)
    assert result.succeeded == 2
    assert max(len(s.units) for s in lab.state().submissions[1:]) == 1
    assert len(lab.state().submissions) <= 3


@pytest.mark.slow
def test_a_well_that_arrives_in_flight_runs(lab):
    lab.write(A01=SLOW)
    lab.run().start()
    lab.write(A02=GOOD)
    result, failed = lab.collect()
    assert is_complete(lab, result, failed)
    assert lab.starts() == {"A01": 1, "A02": 1}


def test_a_well_that_is_excluded_in_flight_is_not_tried_again(lab, spec):
    lab.write(A01=GOOD, A02="sleep 1; exit 137\n")
    lab.run().start()
    spec('{{well}}.sh"}}', '{{well}}.sh"}}\n  exclude: [{{well: A02, because: bubbles}}]')
    result, failed = lab.collect()
    assert (result.succeeded, result.excluded, failed, result.failed) == (1, 1, [], 0)
    assert lab.starts()["A02"] == 1


@pytest.mark.slow
def test_an_output_that_vanishes_in_flight_is_made_again(lab):
    lab.write(A01=GOOD, A02=GOOD)
    lab.to_the_end()
    lab.write(A02=SLOW)
    lab.run("run-2").start()
    (lab.folder / "workspace/made/P1/A01.txt").unlink()
    result, failed = lab.collect("run-2")
    assert is_complete(lab, result, failed)
    assert (result.succeeded, result.done_before) == (2, 0)


def test_files_that_change_for_ever_fail_the_step_however_much_it_tolerates(lab, monkeypatch):
    monkeypatch.setattr(step_run, "MAX_ROUNDS", 2)
    lab.write(A01=GOOD)
    lab.write(A02=f'{GOOD}echo "# $(date +%N)" >> {lab.folder}/data/P1/A02.sh\n')
    result, [left] = lab.to_the_end()
    assert (left.unit, left.category, left.settled) == ("plate=P1/well=A02", Category.UNKNOWN, False)
    assert "inputs or settings changed" in left.sentence
    assert lab.starts()["A02"] == 3
    assert is_red(result, [left], tolerate=1.0)


@pytest.mark.slow
def test_nothing_done_is_never_green_however_much_is_tolerated(lab):
    lab.options = TOLERANT
    lab.write(A01="exit 3\n")
    result, failed = lab.to_the_end()
    assert is_red(result, failed, tolerate=1)
    lab.write(A02=GOOD)
    result, failed = lab.to_the_end("run-2")
    assert not is_red(result, failed, tolerate=1)


def failing_plate(lab):
    lab.write(A01="exit 3\n", A02="exit 3\n", A03=GOOD)
    _, failed = lab.to_the_end()
    assert len(failed) == 2
    lab.starts()
    lab.write(A01=GOOD)
    lab.asked = {"only": ["work:well=A01"]}


def test_a_rerun_of_some_units_shows_those_left_out_as_failed_earlier(lab):
    failing_plate(lab)
    result, [left] = lab.to_the_end("run-2")
    assert (left.unit, left.category) == ("plate=P1/well=A02", Category.TOOL_ERROR)
    assert "accept_failed" in left.hint
    assert result.sentence == "work: 2 of 3 units done, 1 of them before; 1 failed, 1 of them earlier and left out now"
    assert (result.failed, result.failed_earlier, result.waiting) == (1, 1, 0)
    assert is_red(result, [left], tolerate=0)
    assert "A02" not in lab.starts()


def test_settings_that_changed_since_do_not_hide_that_a_unit_failed(lab, spec):
    failing_plate(lab)
    spec('"{{outputs.made}}"]', '"{{outputs.made}}", new]')
    _, failed = lab.to_the_end("run-2")
    assert [each.unit for each in failed] == ["plate=P1/well=A02"]


def test_failed_units_may_be_left_out_by_name(lab):
    failing_plate(lab)
    lab.asked["accept_failed"] = ["work:well=A02"]
    result, failed = lab.to_the_end("run-2")
    assert (failed, result.failed, result.waiting) == ([], 0, 1)
    awaited = (lab.folder / "workspace/_platerunner/runs/run-2/work/done.json").read_text()
    assert "made/P1/A02.txt" in awaited, "what gathers the plate waits"


@pytest.mark.slow
def test_refused_and_killed_submissions_end_with_each_unit_run_once(lab, spec, monkeypatch):
    """With real processes what ``tests/provider/engine/steps/test_any_sequence.py`` does for any sequence."""

    ran = lab.folder / "ran"
    lab.write(**dict.fromkeys(("A01", "A02"), f'echo "$0 $2" >> {ran}\necho "$2" > "$1"\n'))
    real = submission.submit

    def fail(error, *, taken):
        def submit(*args, **kwargs):
            if taken:
                real(*args, **kwargs)
            raise error

        monkeypatch.setattr(submission, "submit", submit)
        with pytest.raises(type(error)):
            lab.run().start()

    fail(BatchError("AWS refused the job: DISABLED"), taken=False)
    spec('"{{outputs.made}}"]', '"{{outputs.made}}", v1]')
    fail(Killed(), taken=True)
    spec('"{{outputs.made}}"]', '"{{outputs.made}}", v2]')
    monkeypatch.setattr(submission, "submit", real)
    result, failed = lab.to_the_end()
    assert is_complete(lab, result, failed)
    lines = ran.read_text().splitlines()
    assert len(lines) == len(set(lines))
    assert sum(line.endswith(" v2") for line in lines) == 2


@pytest.mark.slow
def test_a_retry_whose_worker_was_killed_after_aws_took_it_is_adopted_by_whoever_collects_next(lab, monkeypatch):
    lab.write(A01=f'sleep 1\ntest "$(grep -c A01 {lab.started})" -gt 1 || exit 137\n{GOOD}')
    lab.run().start()
    real = submission.submit

    def submit(*args, **kwargs):
        real(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(submission, "submit", submit)
    with pytest.raises(Killed):
        lab.collect()
    monkeypatch.setattr(submission, "submit", real)
    assert lab.state().intents
    result, failed = lab.collect()
    assert is_complete(lab, result, failed)
    assert lab.starts() == {"A01": 2}
    assert [s.n for s in lab.state().submissions] == [1, 2]


@pytest.mark.slow
def test_the_command_warns_before_a_run_that_leaves_failed_units_out(lab, capsys):
    failing_plate(lab)
    extras = lab.aws.cloud.connection()
    check_before(lab.run().scope.pipeline, lab.run().scope.context, extras)
    said = " ".join(capsys.readouterr().err.split())
    assert "work: --only leaves out 1 units that failed earlier (plate=P1/well=A02): the step fails at its end" in said
    lab.asked["accept_failed"] = ["work:well=A02"]
    check_before(lab.run().scope.pipeline, lab.run().scope.context, extras)
    assert "leaves out" not in capsys.readouterr().err
