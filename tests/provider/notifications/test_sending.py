"""Messages that really leave: to a mail server on this machine, to moto's SNS."""

import asyncio
import json
import logging

import pytest
from tests.embedded import embedded
from tests.smtp_receiver import receiving, text

from platerunner.notifications.events import tell_deadline
from platerunner.notifications.sending import _for_slack, missing_package, send
from platerunner.notifications.texts import Text

NEWS = Text("cells: measure has failed → twice", "2 of 4 units failed.\n\n  <tool_error> {{ not_a_template }}")


@pytest.fixture
def mails(monkeypatch):
    with receiving() as receiver:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(receiver.connection))
        yield receiver.mails


def test_a_mail_says_it_as_it_is_written(mails):
    assert send("email", {"to": ["ada@lab.example", "bo@lab.example"]}, NEWS)
    (mail,) = mails
    assert mail["subject"] == NEWS.subject
    assert mail["to"] == "ada@lab.example, bo@lab.example"
    assert mail["from"] == "airflow@lab.example"
    assert "&lt;tool_error&gt; {{ not_a_template }}" in text(mail)


@pytest.mark.slow
def test_a_topic_gets_it(monkeypatch):
    with embedded() as aws:
        for name, value in aws.cloud.environment().items():
            monkeypatch.setenv(name, value)
        sns, sqs = aws.client("sns"), aws.client("sqs")
        topic = sns.create_topic(Name="imaging")["TopicArn"]
        queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        assert send("sns", {"topic": topic}, NEWS)
        body = json.loads(sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"])
    assert body["Subject"] == "cells: measure has failed ? twice", "SNS takes no more than ASCII there"
    assert NEWS.body in body["Message"]


@pytest.mark.parametrize("options", [{"to": ["a@b.example"]}, {"to": ["a@b.example"], "connection": "gone"}])
def test_what_cannot_be_sent_is_said_and_fails_nothing(options, monkeypatch, caplog):
    refused = {"conn_type": "smtp", "host": "127.0.0.1", "port": 1, "extra": {"disable_ssl": True, "retry_limit": 1}}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(refused))
    with caplog.at_level(logging.ERROR):
        assert not send("email", options, NEWS)
    (record,) = [record for record in caplog.records if record.name.startswith("platerunner")]
    assert "could not be sent by email" in record.getMessage()
    assert options.get("connection", "that it uses") in record.getMessage()


def test_a_late_run_is_told_by_the_triggerer(mails):
    context = {
        "dag_run": {"dag_run_id": "manual__1"},
        "deadline": {"id": "x", "deadline_time": "2026-11-25T18:30:00+00:00"},
    }
    asyncio.run(tell_deadline("cells", "Cells", [["email", {"to": ["ada@lab.example"]}]], context=context))
    (mail,) = mails
    assert mail["subject"] == "cells: the run is late"
    assert "It should have ended by 2026-11-25 18:30 UTC, and goes on." in text(mail)
    assert "/dags/cells/runs/manual__1" in text(mail)


def test_a_text_for_slack_is_escaped_and_no_longer_than_slack_takes():
    said = _for_slack(Text("cells: late", f"<tool_error> & {'x' * 5000}"))
    assert said.startswith("*cells: late*\n```\n&lt;tool_error&gt; &amp; xxx")
    assert said.endswith("x\n...\n```")
    assert len(said) < 4000


def test_what_airflow_always_brings_is_there():
    assert missing_package("email") is None
    assert missing_package("sns") is None
