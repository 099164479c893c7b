"""Jobs as a client of AWS Batch sees them: really run, and described as AWS describes them."""

import json
from collections import Counter

import pytest
from botocore.exceptions import ClientError
from tests.embedded import Account, alive, wait_for


def test_a_job_runs_its_command_and_its_output_is_a_log_stream(aws: Account) -> None:
    job = aws.run(["sh", "-c", "echo out; echo err >&2; printf unfinished"])
    assert job["status"] == "SUCCEEDED"
    assert job["container"]["exitCode"] == 0
    assert job["statusReason"] == "Essential container in task exited"
    assert job["createdAt"] <= job["startedAt"] <= job["stoppedAt"]
    assert sorted(aws.log(job)) == ["err", "out", "unfinished"]
    assert [a["container"]["exitCode"] for a in job["attempts"]] == [0]


def test_a_failed_job_says_its_exit_code(aws: Account) -> None:
    job = aws.run(["sh", "-c", "exit 84"])
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 84)
    assert "reason" not in job["container"]


def test_a_signal_shows_as_128_and_its_number(aws: Account) -> None:
    job = aws.run(["sh", "-c", "kill -SEGV $$"])
    assert job["container"]["exitCode"] == 139


def test_children_know_their_index_and_their_id(aws: Account) -> None:
    parent = aws.run(["sh", "-c", "echo $AWS_BATCH_JOB_ARRAY_INDEX $AWS_BATCH_JOB_ID $AWS_BATCH_JOB_ATTEMPT"], size=5)
    assert parent["arrayProperties"]["size"] == 5
    assert parent["arrayProperties"]["statusSummary"]["SUCCEEDED"] == 5
    for index in range(5):
        child = aws.job(f"{parent['jobId']}:{index}")
        assert child["arrayProperties"]["index"] == index
        assert aws.log(child) == [f"{index} {parent['jobId']}:{index} 1"]


def test_a_single_job_has_no_index(aws: Account) -> None:
    job = aws.run(["sh", "-c", "echo ${AWS_BATCH_JOB_ARRAY_INDEX-none} $AWS_BATCH_JQ_NAME"])
    assert aws.log(job) == [f"none {aws.spot}"]


def test_a_parent_fails_once_all_have_ended_if_one_failed(aws: Account) -> None:
    parent = aws.run(["sh", "-c", "test $AWS_BATCH_JOB_ARRAY_INDEX != 1"], size=4)
    assert (parent["status"], parent["statusReason"]) == ("FAILED", "Array Child Job failed")
    counts = parent["arrayProperties"]["statusSummary"]
    assert (counts["SUCCEEDED"], counts["FAILED"]) == (3, 1)


def test_overrides_go_before_the_definition(aws: Account) -> None:
    definition = aws.define(
        "overridden",
        container={
            "command": ["sh", "-c", "exit 9"],
            "environment": [{"name": "KEPT", "value": "k"}, {"name": "CHANGED", "value": "old"}],
        },
    )
    job = aws.run(
        ["sh", "-c", "echo $KEPT $CHANGED"],
        jobDefinition=definition,
        overrides={
            "environment": [{"name": "CHANGED", "value": "new"}],
            "resourceRequirements": [{"type": "MEMORY", "value": "96"}],
        },
    )
    assert aws.log(job) == ["k new"]
    wanted = {r["type"]: r["value"] for r in job["container"]["resourceRequirements"]}
    assert wanted == {"VCPU": "1", "MEMORY": "96"}


def test_parameters_fill_the_command(aws: Account) -> None:
    definition = aws.define(
        "parametrised", parameters={"who": "nobody"}, container={"command": ["echo", "Ref::who", "Ref::who!"]}
    )
    assert aws.log(aws.run(jobDefinition=definition, parameters={"who": "plate"})) == ["plate plate!"]
    assert aws.log(aws.run(jobDefinition=definition)) == ["nobody nobody!"]


def test_no_secret_of_the_cloud_reaches_a_job(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PRIVATE", "hush")
    job = aws.run(["env"])
    names = {line.partition("=")[0] for line in aws.log(job)}
    assert "AIRFLOW_CONN_PRIVATE" not in names
    assert {"AWS_ENDPOINT_URL", "PATH", "PLATERUNNER_PARENT", "TMPDIR"} <= names


def test_attempts_follow_evaluate_on_exit(aws: Account) -> None:
    rules = [{"onExitCode": "7*", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]
    command = ["sh", "-c", "echo $AWS_BATCH_JOB_ATTEMPT; test $AWS_BATCH_JOB_ATTEMPT = 3 && exit 9; exit 72"]
    job = aws.run(command, retryStrategy={"attempts": 5, "evaluateOnExit": rules})
    assert [a["container"]["exitCode"] for a in job["attempts"]] == [72, 72, 9]
    assert job["status"] == "FAILED"
    streams = [a["container"]["logStreamName"] for a in job["attempts"]]
    assert len(set(streams)) == 3
    assert job["container"]["logStreamName"] == streams[-1]


def test_attempts_end_with_the_first_success(aws: Account) -> None:
    command = ["sh", "-c", "test $AWS_BATCH_JOB_ATTEMPT = 2"]
    job = aws.run(command, retryStrategy={"attempts": 4})
    assert job["status"] == "SUCCEEDED"
    assert [a["container"]["exitCode"] for a in job["attempts"]] == [1, 0]


def test_attempts_of_the_definition_count_too(aws: Account) -> None:
    definition = aws.define("retried", retryStrategy={"attempts": 2})
    assert len(aws.run(["false"], jobDefinition=definition)["attempts"]) == 2


def test_a_job_over_its_time_is_ended_and_not_repeated(aws: Account) -> None:
    job = aws.run(["sleep", "60"], timeout={"attemptDurationSeconds": 1}, retryStrategy={"attempts": 3})
    assert (job["status"], job["statusReason"]) == ("FAILED", "Job attempt duration exceeded timeout")
    assert len(job["attempts"]) == 1


def test_an_unknown_image_cannot_be_pulled(aws: Account) -> None:
    job = aws.run(jobDefinition=aws.define("nowhere", image="nowhere:1"))
    assert job["statusReason"] == "Task failed to start"
    assert job["container"]["reason"].startswith("CannotPullContainerError: nowhere:1")
    assert "exitCode" not in job["container"]


def test_a_whole_array_of_an_unknown_image_fails(aws: Account) -> None:
    parent = aws.run(["true"], size=2_000, jobDefinition=aws.define("no_image_for_many", image="nowhere:1"))
    assert parent["arrayProperties"]["statusSummary"]["FAILED"] == 2_000


def test_a_command_that_does_not_exist_cannot_start(aws: Account) -> None:
    job = aws.run(["no-such-program"])
    assert job["statusReason"] == "Task failed to start"
    assert job["container"]["reason"].startswith("CannotStartContainerError")
    assert job["container"]["exitCode"] == 127


def test_a_job_larger_than_the_machine_waits_and_says_why_and_blocks_nobody(aws: Account) -> None:
    overrides = {"resourceRequirements": [{"type": "VCPU", "value": "4096"}]}
    too_large = aws.submit(["true"], overrides=overrides)
    assert aws.run(["true"])["status"] == "SUCCEEDED"
    job = aws.job(too_large)
    assert job["status"] == "RUNNABLE"
    assert job["statusReason"].startswith("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
    aws.batch.cancel_job(jobId=too_large, reason="too large")
    assert aws.wait(too_large)["statusReason"] == "too large"


def test_jobs_wait_for_room_and_start_in_order(aws: Account) -> None:
    parent = aws.run(
        ["sh", "-c", "sleep 0.1"], size=8, overrides={"resourceRequirements": [{"type": "VCPU", "value": "2"}]}
    )
    children = aws.batch.describe_jobs(jobs=[f"{parent['jobId']}:{i}" for i in range(8)])["jobs"]
    spans = sorted((c["startedAt"], c["stoppedAt"], c["arrayProperties"]["index"]) for c in children)
    for start, _, _ in spans:
        assert sum(s <= start < e for s, e, _ in spans) <= 2
    assert [index for _, _, index in spans][:2] in ([0, 1], [1, 0])


def test_memory_is_room_too(aws: Account) -> None:
    half = str(int(aws.cloud._memory / 1024**2 * 0.6))
    overrides = {"resourceRequirements": [{"type": "MEMORY", "value": half}]}
    first = aws.submit(["sleep", "30"], overrides=overrides)
    second = aws.submit(["true"], overrides=overrides)
    aws.wait(first, "RUNNING")
    assert aws.job(second)["status"] == "RUNNABLE"
    aws.batch.terminate_job(jobId=first, reason="make room")
    assert aws.wait(second)["status"] == "SUCCEEDED"


def test_a_dependent_waits_for_a_whole_array(aws: Account) -> None:
    first = aws.submit(["sleep", "0.3"], size=3)
    second = aws.submit(["true"], dependsOn=[{"jobId": first}])
    assert aws.job(second)["status"] == "PENDING"
    after = aws.wait(second)
    assert after["startedAt"] >= aws.job(first)["stoppedAt"]


def test_n_to_n_children_wait_for_their_counterparts(aws: Account) -> None:
    first = aws.submit(["sh", "-c", "test $AWS_BATCH_JOB_ARRAY_INDEX != 1"], size=3)
    second = aws.submit(["true"], size=3, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
    parent = aws.wait(second)
    states = [aws.job(f"{second}:{i}")["status"] for i in range(3)]
    assert states == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    assert aws.job(f"{second}:1")["statusReason"] == "Dependent Job failed"
    assert parent["status"] == "FAILED"


def test_sequential_children_run_one_after_the_other_and_a_failure_ends_the_chain(aws: Account) -> None:
    command = ["sh", "-c", "test $AWS_BATCH_JOB_ARRAY_INDEX != 2"]
    parent = aws.run(command, size=3000, dependsOn=[{"type": "SEQUENTIAL"}])
    counts = parent["arrayProperties"]["statusSummary"]
    assert (counts["SUCCEEDED"], counts["FAILED"]) == (2, 2998)


def test_terminate_reaches_every_process_of_a_running_job(aws: Account, tmp_path) -> None:
    file = tmp_path / "pids"
    job_id = aws.submit(["sh", "-c", f"sleep 300 & echo $! $$ > {file}; wait"])
    aws.wait(job_id, "RUNNING")
    pids = wait_for(lambda: file.exists() and [int(p) for p in file.read_text().split()])
    aws.batch.terminate_job(jobId=job_id, reason="changed my mind")
    job = aws.wait(job_id)
    assert (job["status"], job["statusReason"]) == ("FAILED", "changed my mind")
    assert job["container"]["exitCode"] == 143
    assert not any(alive(pid) for pid in pids)


def test_terminating_a_parent_ends_running_and_waiting_children(aws: Account) -> None:
    job_id = aws.submit(["sleep", "300"], size=20)
    aws.wait(f"{job_id}:0", "RUNNING")
    aws.batch.terminate_job(jobId=job_id, reason="enough")
    parent = aws.wait(job_id)
    assert (parent["status"], parent["statusReason"]) == ("FAILED", "enough")
    assert {aws.job(f"{job_id}:{i}")["statusReason"] for i in range(20)} == {"enough"}


def test_cancel_leaves_running_jobs_alone(aws: Account) -> None:
    job_id = aws.submit(["sleep", "1"])
    aws.wait(job_id, "RUNNING")
    aws.batch.cancel_job(jobId=job_id, reason="too late")
    assert aws.wait(job_id)["status"] == "SUCCEEDED"


def test_terminating_what_has_ended_changes_nothing(aws: Account) -> None:
    job = aws.run(["true"])
    aws.batch.terminate_job(jobId=job["jobId"], reason="late")
    assert aws.job(job["jobId"])["status"] == "SUCCEEDED"


def test_list_shows_running_jobs_unless_told_otherwise(aws: Account) -> None:
    job_id = aws.submit(["sleep", "300"], jobName="listed-running")
    aws.wait(job_id, "RUNNING")
    running = aws.batch.list_jobs(jobQueue=aws.spot)["jobSummaryList"]
    assert [j["jobId"] for j in running] == [job_id]
    aws.batch.terminate_job(jobId=job_id, reason="seen")
    aws.wait(job_id)
    assert aws.batch.list_jobs(jobQueue=aws.spot)["jobSummaryList"] == []
    failed = aws.batch.list_jobs(jobQueue=aws.spot, jobStatus="FAILED")["jobSummaryList"]
    assert {"statusReason": "seen"}.items() <= next(j for j in failed if j["jobId"] == job_id).items()


@pytest.mark.slow
def test_list_pages_through_children_by_status(aws: Account) -> None:
    parent = aws.run(["sh", "-c", "test $((AWS_BATCH_JOB_ARRAY_INDEX % 3)) != 0"], size=250)
    pages = list(aws.batch.get_paginator("list_jobs").paginate(arrayJobId=parent["jobId"], jobStatus="SUCCEEDED"))
    assert [len(page["jobSummaryList"]) for page in pages] == [100, 66]
    indexes = [j["arrayProperties"]["index"] for page in pages for j in page["jobSummaryList"]]
    assert indexes == [i for i in range(250) if i % 3]
    failed = aws.batch.list_jobs(arrayJobId=parent["jobId"], jobStatus="FAILED")["jobSummaryList"]
    assert Counter(j["container"]["exitCode"] for j in failed) == {1: 84}


def test_list_finds_by_name_in_any_status(aws: Account) -> None:
    ended = aws.run(["true"], jobName="findme-1", size=2)["jobId"]
    other = aws.submit(["true"], jobName="findme-12")

    def found(name: str) -> set[str]:
        answer = aws.batch.list_jobs(jobQueue=aws.spot, filters=[{"name": "JOB_NAME", "values": [name]}])
        return {j["jobId"] for j in answer["jobSummaryList"]}

    assert found("FINDME-1") == {ended}
    assert found("findme-1*") == {ended, other}
    assert found("findme") == set()


def test_tags_are_kept_and_can_be_added(aws: Account) -> None:
    job = aws.run(["true"], tags={"pipeline": "demo"})
    assert job["tags"] == {"pipeline": "demo"}
    aws.batch.tag_resource(resourceArn=job["jobArn"], tags={"step": "measure"})
    assert aws.job(job["jobId"])["tags"] == {"pipeline": "demo", "step": "measure"}
    assert aws.batch.list_tags_for_resource(resourceArn=job["jobArn"])["tags"]["step"] == "measure"


def test_unknown_ids_are_left_out(aws: Account) -> None:
    assert aws.batch.describe_jobs(jobs=["gone"])["jobs"] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"jobQueue": "nowhere"}, "JobQueue nowhere not found"),
        ({"jobDefinition": "nothing"}, "JobDefinition nothing does not exist"),
        ({"size": 1}, "between 2 and 10000"),
        ({"size": 10_001}, "between 2 and 10000"),
        ({"jobName": "a b"}, "valid pattern"),
        ({"jobName": "x" * 129}, "valid pattern"),
        ({"timeout": {"attemptDurationSeconds": 0}}, "at least 1"),
        ({"retryStrategy": {"attempts": 11}}, "between 1 and 10"),
        ({"command": ["x" * 31_000]}, "at most 30720"),
        ({"dependsOn": [{"jobId": "nobody"}]}, "does not exist"),
        ({"dependsOn": [{"jobId": "x"}] * 21}, "at most 20"),
    ],
)
def test_what_aws_refuses_is_refused(aws: Account, options, said) -> None:
    with pytest.raises(ClientError, match=said) as error:
        aws.submit(**options)
    assert error.value.response["Error"]["Code"] == "ClientException"


def test_reading_calls_refuse_what_aws_refuses(aws: Account) -> None:
    with pytest.raises(ClientError, match="100 jobs"):
        aws.batch.describe_jobs(jobs=[str(i) for i in range(101)])
    with pytest.raises(ClientError, match="Exactly one"):
        aws.batch.list_jobs()
    with pytest.raises(ClientError, match="Job status"):
        aws.batch.list_jobs(jobQueue=aws.spot, jobStatus="DONE")
    with pytest.raises(ClientError, match="does not exist"):
        aws.batch.terminate_job(jobId="gone", reason="r")


def test_a_closed_queue_takes_nothing(aws: Account) -> None:
    aws.batch.update_job_queue(jobQueue=aws.on_demand, state="DISABLED")
    try:
        with pytest.raises(ClientError, match="DISABLED"):
            aws.submit(["true"], jobQueue=aws.on_demand)
    finally:
        aws.batch.update_job_queue(jobQueue=aws.on_demand, state="ENABLED")


def test_a_deregistered_definition_takes_no_new_jobs(aws: Account) -> None:
    definition = aws.define("retired")
    aws.batch.deregister_job_definition(jobDefinition=definition)
    with pytest.raises(ClientError, match="not ACTIVE"):
        aws.submit(jobDefinition=definition)


def test_logs_page_and_filter(aws: Account) -> None:
    job = aws.run(["seq", "1", "300"])
    stream = {"logGroupName": "/aws/batch/job", "logStreamName": job["container"]["logStreamName"]}
    page = aws.logs.get_log_events(**stream, limit=100, startFromHead=True)
    more = aws.logs.get_log_events(**stream, limit=100, startFromHead=True, nextToken=page["nextForwardToken"])
    assert [e["message"] for e in page["events"] + more["events"]] == [str(i) for i in range(1, 201)]
    tail = aws.logs.get_log_events(**stream, limit=3)
    assert [e["message"] for e in tail["events"]] == ["298", "299", "300"]
    group = stream["logGroupName"]
    found = aws.logs.filter_log_events(
        logGroupName=group, logStreamNames=[stream["logStreamName"]], filterPattern='"299"'
    )
    assert [e["message"] for e in found["events"]] == ["299"]


@pytest.mark.slow
def test_a_job_can_use_the_cloud_that_runs_it(aws: Account) -> None:
    program = (
        "import json, sys; from platerunner_unit.contract.storage import Storage; "
        "Storage('s3://platerunner/results').put('x.json', json.dumps({'n': 1}).encode())"
    )
    assert aws.run(["python", "-c", program])["status"] == "SUCCEEDED"
    body = aws.client("s3").get_object(Bucket="platerunner", Key="results/x.json")["Body"].read()
    assert json.loads(body) == {"n": 1}
