import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.embedded import Account

from platerunner.batch.model import BatchError
from platerunner.batch.status import describe, find
from platerunner.batch.submit import chunks, job_name, submit
from platerunner.local.aws.faults import Faults


@given(st.integers(0, 60_000), st.integers(1, 10_000))
def test_chunks_cover_every_unit_once_in_nearly_equal_parts(n: int, largest: int) -> None:
    found = chunks(n, largest)
    assert [i for chunk in found for i in chunk] == list(range(n))
    sizes = [len(chunk) for chunk in found]
    assert len(sizes) == -(-n // largest)
    assert all(0 < size <= largest for size in sizes)
    assert not sizes or max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(("n", "sizes"), [(0, []), (1, [1]), (10_000, [10_000]), (10_001, [5000, 5001])])
def test_chunks_at_the_edges(n: int, sizes: list[int]) -> None:
    assert [len(chunk) for chunk in chunks(n)] == sizes


words = st.text(max_size=200)


@given(words, words, words, st.integers(1, 10**6))
def test_any_run_gives_a_name_that_batch_takes(pipeline: str, step: str, run_id: str, n: int) -> None:
    name = job_name(pipeline, step, run_id, n)
    assert 1 <= len(name) <= 128
    assert name[0] in string.ascii_letters + string.digits
    assert set(name) <= set(string.ascii_letters + string.digits + "-_")


def test_names_are_the_same_again_and_differ_for_all_else() -> None:
    same = {job_name("demo", "measure", "manual__2026-11-21T00:00:00+00:00", 1) for _ in range(3)}
    assert len(same) == 1
    assert same.pop().startswith("demo-measure-manual__2026-11-21T00-00-00-00-00-1-")
    names = {
        job_name("demo", "measure", "r+1", 1),
        job_name("demo", "measure", "r-1", 1),
        job_name("demo", "measure", "r-1", 2),
        job_name("demo-measure", "r", "1", 1),
        job_name("demo", "measure", "r-1", 1, scope="s3://other"),
        job_name("demo", "measure", "r-1" + "x" * 200, 1),
        job_name("demo", "measure", "r-1" + "x" * 201, 1),
    }
    assert len(names) == 7


@pytest.fixture(scope="module")
def definition(aws: Account) -> str:
    return aws.define("submitted")


@pytest.fixture(autouse=True)
def no_faults(aws: Account):
    yield
    aws.cloud.faults = Faults()


def test_one_unit_is_a_plain_job(aws: Account, definition: str) -> None:
    job = aws.wait(submit(aws.batch, name="plain", queue=aws.spot, definition=definition))
    assert job["status"] == "SUCCEEDED"
    assert "arrayProperties" not in job


def test_several_units_are_an_array_with_everything_overridden(aws: Account, definition: str) -> None:
    job_id = submit(
        aws.batch,
        name="array",
        queue=aws.on_demand,
        definition=definition,
        command=["sh", "-c", "echo $X"],
        environment={"X": "1"},
        vcpus=0.5,
        memory=100 * 1024**2 + 1,
        timeout_s=61.2,
        size=3,
        tags={"platerunner:step": "s"},
    )
    job = aws.wait(job_id)
    assert job["arrayProperties"]["size"] == 3
    assert job["timeout"] == {"attemptDurationSeconds": 62}
    wanted = {r["type"]: r["value"] for r in job["container"]["resourceRequirements"]}
    assert wanted == {"VCPU": "0.5", "MEMORY": "101"}
    assert job["tags"] == {"platerunner:step": "s"}
    assert aws.log(aws.job(f"{job_id}:2")) == ["1"]


def test_a_timeout_is_at_least_what_aws_takes(aws: Account, definition: str) -> None:
    job_id = submit(aws.batch, name="short", queue=aws.spot, definition=definition, timeout_s=5)
    assert aws.job(job_id)["timeout"] == {"attemptDurationSeconds": 60}


@pytest.mark.parametrize("size", [0, 10_001])
def test_impossible_sizes_are_refused(aws: Account, definition: str, size: int) -> None:
    with pytest.raises(BatchError, match="2 to 10000 children"):
        submit(aws.batch, name="size", queue=aws.spot, definition=definition, size=size)


def test_a_payload_over_the_limit_is_refused_before_aws_sees_it(aws: Account, definition: str) -> None:
    with pytest.raises(BatchError, match="takes 30720: put large values into"):
        submit(aws.batch, name="large", queue=aws.spot, definition=definition, environment={"X": "x" * 31_000})


def test_a_refusal_is_one_sentence(aws: Account, definition: str) -> None:
    with pytest.raises(BatchError) as error:
        submit(aws.batch, name="refused", queue="nowhere", definition=definition)
    assert str(error.value) == "AWS refused to submit the job refused to the queue nowhere: JobQueue nowhere not found"


def _submitted(aws: Account, prefix: str) -> list[str]:
    answer = aws.batch.list_jobs(jobQueue=aws.spot, filters=[{"name": "JOB_NAME", "values": [f"{prefix}*"]}])
    return [job["jobName"] for job in answer["jobSummaryList"]]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_lost_answers_and_throttling_never_double_a_job(aws: Account, definition: str, mode: str) -> None:
    from botocore.config import Config

    batch = aws.client("batch", config=Config(retries={"mode": mode, "total_max_attempts": 4}))
    aws.cloud.faults = Faults(throttle=0.1, error_5xx=0.3, seed=3)
    options = {"queue": aws.spot, "definition": definition, "settle_s": 0.1}
    ids = [submit(batch, name=f"{mode}-{i}", **options) for i in range(6)]
    aws.cloud.faults = Faults()
    assert sorted(_submitted(aws, mode)) == [f"{mode}-{i}" for i in range(6)]
    assert [find(batch, aws.spot, f"{mode}-{i}") for i in range(6)] == [[i] for i in ids]


@pytest.mark.slow
def test_a_lost_answer_is_found_although_listing_lags_behind(aws: Account, definition: str) -> None:
    aws.cloud.faults = Faults(error_5xx=0.4, list_delay=0.6, seed=1)
    for i in range(3):
        submit(aws.batch, name=f"lag-{i}", queue=aws.spot, definition=definition, settle_s=1.2)
    aws.cloud.faults = Faults()
    assert sorted(_submitted(aws, "lag")) == ["lag-0", "lag-1", "lag-2"]


def test_find_takes_exact_names_and_tags_only(aws: Account, definition: str) -> None:
    options = {"queue": aws.spot, "definition": definition}
    first = submit(aws.batch, name="findable", tags={"run": "1"}, **options)
    submit(aws.batch, name="findable-2", tags={"run": "1"}, **options)
    second = submit(aws.batch, name="findable", tags={"run": "2"}, **options)
    assert set(find(aws.batch, aws.spot, "findable")) == {first, second}
    assert find(aws.batch, aws.spot, "findable", {"run": "2"}) == [second]
    assert find(aws.batch, aws.spot, "findab*") == []
    assert {view.name for view in describe(aws.batch, [first, second])} == {"findable"}
