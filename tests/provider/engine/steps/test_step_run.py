import asyncio

import pytest
from tests.embedded import wait_for
from tests.provider.batch.test_poller import FAST, follow

from platerunner.batch.poller import Poller
from platerunner.batch.reasons import CLEARED
from platerunner.batch.status import children
from platerunner.batch.views import STATUSES
from platerunner.engine.planning.errors import NothingListed
from platerunner.engine.steps.log_tail import tails, told
from platerunner.engine.steps.stay import preview
from platerunner.local.aws.faults import Faults
from platerunner_unit.contract.category import Category

GOOD = 'echo done > "$1"\n'
SLOW = f"sleep 2\n{GOOD}"
GREEDY = "python3 -c 'import time; data = bytearray(400 << 20); time.sleep(0.2)' || exit 1\n" + GOOD


@pytest.mark.slow
def test_a_step_runs_every_unit_once_and_a_second_run_nothing(lab):
    lab.write(A01=GOOD, A02=GOOD, A03=GOOD)
    result, failed = lab.to_the_end()
    assert failed == []
    assert (result.units, result.succeeded, result.done_before, result.categories) == (3, 3, 0, {"succeeded": 3})
    assert lab.starts() == {"A01": 1, "A02": 1, "A03": 1}
    assert lab.stored() == result.to_json()
    before = lab.aws.cloud.calls["batch.submitjob"]
    result, _ = lab.to_the_end("run-2")
    assert (result.units, result.succeeded, result.done_before) == (3, 0, 3)
    assert lab.aws.cloud.calls["batch.submitjob"] == before


def test_a_failed_unit_is_named_and_runs_alone_once_it_is_fixed(lab):
    lab.write(A01=GOOD, A02="echo ValueError: no such channel; exit 3\n", A03=GOOD)
    result, [failure] = lab.to_the_end()
    assert (result.succeeded, result.failed) == (2, 1)
    assert (failure.unit, failure.category) == ("plate=P1/well=A02", Category.TOOL_ERROR)
    lab.starts()
    lab.write(A02=GOOD)
    result, failed = lab.to_the_end()  # the same run, as when the task is cleared
    assert failed == []
    assert lab.starts() == {"A02": 1}
    assert (result.succeeded, result.done_before) == (1, 2)


@pytest.mark.slow
def test_a_unit_that_needs_more_memory_gets_it_and_keeps_it(lab):
    lab.write(A01=GOOD, A02=GREEDY)
    result, failed = lab.to_the_end()
    assert failed == []
    assert result.retried == {"out_of_memory": 1}
    assert [s.resources["memory"] >> 20 for s in lab.state().submissions] == [256, 512]
    assert lab.starts() == {"A01": 1, "A02": 2}
    (lab.folder / "workspace/made/P1/A02.txt").unlink()
    lab.to_the_end()
    assert lab.state().submissions[-1].resources["memory"] >> 20 == 512
    assert lab.starts() == {"A02": 1}


@pytest.mark.slow
def test_units_that_lose_their_spot_instance_move_to_on_demand(lab):
    lab.write(A01=SLOW, A02=SLOW)
    lab.aws.cloud.faults = Faults(spot_reclaim=1.0, lost_after=0.3)
    try:
        result, failed = lab.to_the_end()
    finally:
        lab.aws.cloud.faults = Faults()
    assert failed == []
    assert result.retried == {"spot_interrupted": 2}
    assert [s.queue for s in lab.state().submissions] == [lab.aws.spot, lab.aws.on_demand]
    assert lab.state().attempts == {"plate=P1/well=A01": 1, "plate=P1/well=A02": 1}


@pytest.mark.slow
def test_attempts_come_to_an_end(lab):
    lab.options = "retry: {attempts: 2, memory: x1}"
    lab.write(A01=GREEDY)
    result, [failure] = lab.to_the_end()
    assert failure.category is Category.OUT_OF_MEMORY
    assert lab.starts() == {"A01": 2}
    assert result.retried == {"out_of_memory": 1}


@pytest.mark.slow
def test_a_process_that_dies_after_submitting_leaves_jobs_that_the_next_one_adopts(lab):
    lab.write(A01=SLOW, A02=SLOW)
    lab.run().start()
    lab.run().start()
    _, failed = lab.collect()
    assert failed == []
    assert lab.starts() == {"A01": 1, "A02": 1}
    assert len(lab.state().submissions) == 1


@pytest.mark.slow
def test_a_process_that_dies_between_intent_and_job_id_doubles_nothing(lab):
    from dataclasses import replace

    lab.write(A01=SLOW, A02=SLOW)
    run = lab.run()
    run.start()
    [made] = lab.state().submissions
    run.scope.state_file.save(lab.state().with_submission(replace(made, job_id=None)))
    lab.run().start()
    assert lab.state().submissions[0].job_id == made.job_id
    _, failed = lab.collect()
    assert failed == []
    assert lab.starts() == {"A01": 1, "A02": 1}


@pytest.mark.slow
def test_a_job_that_batch_does_not_list_yet_is_not_doubled(lab):
    from dataclasses import replace

    lab.write(A01=SLOW, A02=SLOW)
    run = lab.run()
    run.start()
    [made] = lab.state().submissions
    run.scope.state_file.save(lab.state().with_submission(replace(made, job_id=None)))
    lab.aws.cloud.faults = Faults(list_delay=0.5)
    try:
        lab.run().start()
    finally:
        lab.aws.cloud.faults = Faults()
    assert lab.state().submissions[0].job_id == made.job_id
    _, failed = lab.collect()
    assert failed == []
    assert lab.starts() == {"A01": 1, "A02": 1}


def test_a_process_that_dies_while_units_run_out_of_memory_leaves_what_they_need(lab):
    lab.options = "retry: {attempts: 2, memory: x2}"
    lab.write(A01=GREEDY)
    lab.run().start()
    lab.aws.wait(lab.state().submissions[0].job_id)
    lab.run().start()  # the next process finds the job ended, and nobody has collected it
    _, failed = lab.collect()
    assert failed == []
    assert [s.resources["memory"] >> 20 for s in lab.state().submissions] == [256, 512]
    assert lab.starts() == {"A01": 2}


def test_a_process_that_dies_between_verdicts_and_the_next_submission_leaves_what_units_need(lab):
    lab.write(A01=GREEDY)
    lab.run().start()
    lab.aws.wait(lab.state().submissions[0].job_id)
    run = lab.run()
    run.jobs.record_ended(run.scope.state_file.load())
    lab.run().start()
    _, failed = lab.collect()
    assert failed == []
    assert lab.starts() == {"A01": 2}


@pytest.mark.slow
def test_new_units_are_submitted_beside_adopted_jobs(lab):
    lab.write(A01=SLOW)
    lab.run().start()
    lab.write(A02=GOOD)
    lab.run().start()
    result, _ = lab.collect()
    assert lab.starts() == {"A01": 1, "A02": 1}
    assert result.succeeded == 2


@pytest.mark.slow
def test_ended_jobs_leave_no_orphan_and_their_units_run_again_without_losing_an_attempt(lab):
    lab.write(A01="sleep 30\n", A02=GOOD)
    lab.run().start()
    [submission] = lab.state().submissions
    wait_for(
        lambda: len(lab.aws.batch.list_jobs(arrayJobId=submission.job_id, jobStatus="SUCCEEDED")["jobSummaryList"])
    )
    lab.run().jobs.stop(CLEARED)
    parent = submission.job_id
    wait_for(lambda: all(v.ended for v in children(lab.aws.batch, parent, STATUSES)))
    lab.write(A01=GOOD)
    lab.run().start()
    result, failed = lab.collect()
    assert failed == []
    assert result.units == 2
    assert lab.state().attempts.get("plate=P1/well=A01", 0) <= 1


@pytest.mark.slow
def test_what_a_unit_needed_is_asked_for_at_once_in_the_next_run(lab):
    lab.write(A01=GREEDY)
    lab.to_the_end()
    (lab.folder / "workspace/made/P1/A01.txt").unlink()
    lab.starts()
    lab.to_the_end("run-2")
    assert [s.resources["memory"] >> 20 for s in lab.state("run-2").submissions] == [512]
    assert lab.starts() == {"A01": 1}


def test_units_that_are_asked_for_again_run_once_more_and_not_again_when_the_task_is_cleared(lab):
    lab.write(A01=GOOD, A02=GOOD)
    lab.to_the_end()
    lab.starts()
    lab.asked = {"rerun": ["work:well=A02"]}
    result, failed = lab.to_the_end("run-2")
    assert failed == []
    assert lab.starts() == {"A02": 1}
    assert (result.succeeded, result.done_before) == (1, 1)
    lab.to_the_end("run-2")
    assert lab.starts() == {}


def test_a_rerun_that_fails_leaves_the_unit_to_be_done(lab):
    lab.write(A01=f"test -e {lab.folder}/broken && exit 3\n{GOOD}")
    lab.to_the_end()
    (lab.folder / "broken").touch()
    lab.asked = {"rerun": ["work"]}
    _, [failure] = lab.to_the_end("run-2")
    assert failure.category is Category.TOOL_ERROR
    (lab.folder / "broken").unlink()
    lab.asked = {}
    lab.starts()
    lab.to_the_end("run-3")
    assert lab.starts() == {"A01": 1}


def test_only_some_units_run_if_only_some_are_asked_for(lab):
    lab.write(A01=GOOD, A02=GOOD)
    lab.asked = {"only": ["well=A02"]}
    result, _ = lab.to_the_end()
    assert lab.starts() == {"A02": 1}
    assert (result.units, result.succeeded, result.waiting) == (1, 1, 1)


def test_resources_of_a_run_reach_the_job(lab):
    lab.write(A01=GOOD)
    lab.asked = {"resources": {"work": {"memory": "300 MiB", "capacity": "on_demand"}}}
    lab.to_the_end()
    [submission] = lab.state().submissions
    assert (submission.resources["memory"] >> 20, submission.queue) == (300, lab.aws.on_demand)


def test_a_unit_with_other_settings_gets_a_job_of_its_own_and_keeps_them_when_it_is_tried_again(lab):
    lab.options = """overrides:
      - {where: {well: A02}, with: {argv: [sh, "{inputs.raw}", "{outputs.made}", other]}, resources: {memory: 512 MiB}}
    retry: {attempts: 2}"""
    once = f'test -e {lab.folder}/$3 || {{ touch {lab.folder}/$3; exit 137; }}; echo "$0 $3" > "$1"\n'
    lab.write(A01='echo "$2" > "$1"\n', A02=once.replace("$3", "$2").replace("$0 ", ""), A03='echo "$2" > "$1"\n')
    result, failed = lab.to_the_end()
    assert failed == []
    assert (result.succeeded, sum(result.retried.values())) == (3, 1)
    made = lab.folder / "workspace/made/P1"
    assert [(made / f"{well}.txt").read_text().strip() for well in ("A01", "A02", "A03")] == ["", "other", ""]
    first, second, third = lab.state().submissions
    assert [len(each.units) for each in (first, second, third)] == [2, 1, 1]
    assert [each.resources["memory"] >> 20 for each in (first, second)] == [256, 512]
    assert third.units == second.units == ("plate=P1/well=A02",)
    lab.to_the_end("run-2")
    assert lab.starts() == {"A01": 1, "A02": 2, "A03": 1}


def test_gpus_shared_memory_swap_and_cost_tags_reach_the_job(lab):
    lab.options = """cost_tags: {project: JUMP}"""
    lab.write(A01=GOOD)
    lab.asked = {"resources": {"work": {"gpus": 1, "shared_memory": "2 GiB", "swap": "1 GiB"}}}
    lab.run().start()
    (submission,) = lab.state().submissions
    (definition,) = lab.aws.batch.describe_job_definitions(jobDefinitions=[submission.definition])["jobDefinitions"]
    container = definition["containerProperties"]
    assert {"type": "GPU", "value": "1"} in container["resourceRequirements"]
    assert container["linuxParameters"] == {"initProcessEnabled": True, "sharedMemorySize": 2048, "maxSwap": 1024}
    (job,) = lab.aws.batch.describe_jobs(jobs=[submission.job_id])["jobs"]
    assert job["tags"]["project"] == "JUMP"
    lab.run().jobs.stop("end of test")


def test_a_preview_says_what_would_run_and_writes_nothing(lab):
    lab.write(A01=GOOD)
    lab.asked = {"dry_run": True}
    [unit] = preview(lab.run().scope)[0].units
    assert (unit.state, str(unit.reason)) == ("pending", "new")
    assert not (lab.folder / "workspace").exists()


def test_the_last_lines_of_a_failed_unit_are_at_hand(lab):
    lab.write(A01="seq 1 40; echo no such channel; exit 3\n", A02="exit 3\n", A03="kill -9 $$\n")
    _, failed = lab.to_the_end()
    found = tails(lab.run(), failed)
    assert "no such channel" in found["plate=P1/well=A01"][-2]
    assert len(found["plate=P1/well=A01"]) == 15
    assert "plate=P1/well=A02" not in found, "one example of each category is enough"
    assert list(told({"plate=P1": ["a", "b"]})) == ["Last 2 lines of plate=P1:", "  | a", "  | b"]


def test_a_unit_that_no_instance_can_hold_is_misconfigured_and_not_waited_for(lab):
    lab.options = "retry: {attempts: 3}"
    lab.write(A01=GOOD, A02=GOOD)
    lab.asked = {"resources": {"work": {"memory": "4000 GiB"}}}
    lab.run().start()
    asyncio.run(follow(Poller(lambda: lab.aws.batch, FAST), lab.state().submissions[0].job_id))
    _, failed = lab.collect()
    assert {failure.category for failure in failed} == {Category.MISCONFIGURED}
    assert "can never start" in failed[0].sentence
    assert len(lab.state().submissions) == 1


@pytest.mark.slow
def test_a_dataset_that_matches_nothing_fails_with_the_pattern(lab):
    (lab.folder / "data").mkdir()
    (lab.folder / "data/P1-A01.sh").write_text(GOOD)
    with pytest.raises(NothingListed, match=r"nothing under .* matches .*P1-A01\.sh"):
        lab.run().start()
