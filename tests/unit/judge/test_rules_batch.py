"""What AWS Batch says, for jobs that left nothing else."""

# ruff: noqa: E501  (AWS's own words stand in one piece)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner_unit.category import BY_EXIT_CODE, Category
from platerunner_unit.evidence import BatchEvidence, Evidence
from platerunner_unit.judge import judge
from platerunner_unit.rules_batch import BATCH_RULES


def judged(status="FAILED", status_reason="", container_reason="", exit_code=None, tail=()):
    return judge(Evidence(batch=BatchEvidence(status, status_reason, container_reason, exit_code), tail=tail))


@pytest.mark.parametrize("rule", BATCH_RULES, ids=lambda rule: rule.name)
def test_every_rule_decides_on_what_it_was_learnt_from(rule):
    place = "container_reason" if rule.where == "container" else "status_reason"
    verdict = judged(**{place: rule.learnt_from})
    assert (verdict.rule, verdict.category) == (rule.name, rule.category.value)
    assert rule.learnt_from in verdict.sentence


EXITED = "Essential container in task exited"


@pytest.mark.parametrize(
    ("evidence", "category"),
    [
        ({"status_reason": "Host EC2 (instance i-0a1b2c) terminated."}, "spot_interrupted"),
        ({"status_reason": "Host EC2 (instance i-0a1b2c) stopped."}, "spot_interrupted"),
        ({"status_reason": EXITED, "container_reason": "OutOfMemoryError: Container killed due to memory usage", "exit_code": 137}, "out_of_memory"),
        ({"status_reason": "Task failed to start", "container_reason": "CannotPullContainerError: Error response from daemon: manifest for x:1 not found"}, "image_not_found"),
        ({"container_reason": "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref x: not found"}, "image_not_found"),
        ({"container_reason": "CannotPullContainerError: Error response from daemon: pull access denied for x, repository does not exist or may require 'docker login': denied"}, "access_denied"),
        ({"container_reason": "CannotPullContainerError: The task can't pull the image: no basic auth credentials"}, "access_denied"),
        ({"container_reason": "CannotPullContainerError: Error response from daemon: Get https://x/v2/: net/http: request canceled (Client.Timeout exceeded)"}, "image_pull_failed"),
        ({"container_reason": "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit"}, "image_pull_failed"),
        ({"status_reason": "Job attempt duration exceeded timeout", "exit_code": 137}, "timed_out"),
        ({"status": "RUNNABLE", "status_reason": "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job queue cannot meet the CPU requirement of the job"}, "misconfigured"),
        ({"status_reason": "Your Spot Task was interrupted."}, "spot_interrupted"),
        ({"container_reason": "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: AccessDeniedException"}, "access_denied"),
        ({"container_reason": "ResourceInitializationError: failed to validate logger args: exit status 1"}, "misconfigured"),
        ({"container_reason": "CannotStartContainerError: Error response from daemon: failed to create task: exec: \"x\": executable file not found"}, "misconfigured"),
        ({"status_reason": "wrong plate, stopping", "exit_code": 137}, "stopped_by_user"),
        ({"status_reason": "wrong plate, stopping"}, "stopped_by_user"),
        ({"status_reason": EXITED, "exit_code": 137}, "out_of_memory"),
        ({"status_reason": EXITED, "exit_code": 139}, "tool_error"),
        ({"status_reason": EXITED, "exit_code": 143}, "stopped_by_user"),
        ({"status_reason": EXITED, "exit_code": 127}, "misconfigured"),
        ({"status_reason": EXITED, "exit_code": 1}, "unknown"),
        ({"status": "SUCCEEDED", "status_reason": EXITED, "exit_code": 0}, "unknown"),
        ({"status": "SUCCEEDED"}, "unknown"),
        ({}, "unknown"),
    ],
)  # fmt: skip
def test_reasons(evidence, category):
    assert judged(**evidence).category == category


@pytest.mark.parametrize("code", sorted(set(BY_EXIT_CODE) - {0}))
def test_the_runners_own_exit_codes(code):
    assert judged(status_reason=EXITED, exit_code=code).category == BY_EXIT_CODE[code].value


def test_the_end_of_the_log_is_the_line():
    verdict = judged(status_reason=EXITED, exit_code=1, tail=("Traceback", "KeyError: 'x'", ""))
    assert verdict.line == "KeyError: 'x'"


TEXT = st.text(max_size=60) | st.sampled_from([rule.learnt_from for rule in BATCH_RULES])


@given(TEXT, TEXT, TEXT, st.none() | st.integers(-300, 300))
def test_batch_alone_never_proves_success(status, reason, container, code):
    verdict = judged(status, reason, container, code)
    assert Category(verdict.category) is not Category.SUCCEEDED
    assert verdict.sentence
