"""A message about each attempt of each unit, which a queue that subscribes to the topic gets."""

import json
from uuid import uuid4

import pytest
from tests.lab import GOOD

from platerunner.hooks.platerunner import PlaterunnerHook


def subscribe(lab) -> tuple[str, str]:
    sns, sqs, name = lab.aws.client("sns"), lab.aws.client("sqs"), f"jobs-{uuid4().hex}"
    topic, queue = sns.create_topic(Name=name)["TopicArn"], sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return topic, queue


def told(lab, queue: str) -> list[dict]:
    found = []
    while messages := lab.aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
    return found


@pytest.mark.slow
def test_each_attempt_is_told_and_a_second_run_tells_nothing(lab):
    topic, queue = subscribe(lab)
    lab.options = f"retry: {{attempts: 1}}\nnotify: {{on_job: [{{sns: {{topic: '{topic}'}}}}]}}"
    wells = {f"A{n:02}": GOOD for n in range(1, 12)}
    lab.write(**wells, B01="echo ValueError: no such channel; exit 3\n")
    lab.to_the_end()
    found = told(lab, queue)
    assert {each["values"]["well"]: each["status"] for each in found} == {
        **dict.fromkeys(wells, "SUCCEEDED"), "B01": "FAILED",
    }  # fmt: skip
    assert len(found) == 12
    (lost,) = (each for each in found if each["status"] == "FAILED")
    assert (lost["verdict"], lost["attempt"], lost["step"]) == ("tool_error", 1, "work")
    assert lost["job"]
    assert "ValueError" in lost["sentence"]
    lab.write(**wells)
    (lab.folder / "data/P1/B01.sh").unlink()
    lab.to_the_end("run-2")
    assert told(lab, queue) == []


def test_a_topic_that_is_not_there_fails_nothing(lab, caplog):
    lab.options = "retry: {attempts: 1}\nnotify: {on_job: [{sns: {topic: 'arn:aws:sns:us-east-1:123456789012:gone'}}]}"
    lab.write(A01=GOOD)
    result, _ = lab.to_the_end()
    assert result.succeeded == 1
    assert "gone got no message about 1 units" in caplog.text


@pytest.mark.slow
def test_messages_go_to_the_topics_region():
    hook = PlaterunnerHook()
    hook.__dict__["settings"] = type("Settings", (), {"endpoint_url": "http://127.0.0.1:1"})
    import boto3

    hook.session = boto3.Session("k", "s", region_name="us-east-1")
    assert hook.new_sns_client("eu-west-1").meta.region_name == "eu-west-1"
