import traceback

import pytest

from platerunner.engine.connection import ConnectionProblem, ConnectionSettings

QUEUES = {"spot": "pr-spot", "on_demand": "pr-on-demand"}


def test_extras_become_settings():
    settings = ConnectionSettings.from_extra(
        "lab", {"queues": QUEUES, "region": "eu-west-1", "platform": "FARGATE", "tags": {"cost": "42"}}
    )
    assert settings.queue("spot") == "pr-spot"
    assert settings.queue("on_demand") == "pr-on-demand"
    assert (settings.region, settings.platform, settings.tags) == ("eu-west-1", "FARGATE", {"cost": "42"})
    assert settings.log_group == "/aws/batch/job"


def test_the_form_stores_mappings_as_text_and_empty_fields_as_empty_text():
    settings = ConnectionSettings.from_extra(
        "lab", {"queues": '{"spot": "pr-spot"}', "region": "", "aws_conn_id": None}
    )
    assert settings.queues == {"spot": "pr-spot"}
    assert settings.region is None


@pytest.mark.parametrize(
    ("extra", "policy"), [({}, "terminate"), ({"on_clear": ""}, "terminate"), ({"on_clear": "adopt"}, "adopt")]
)
def test_jobs_of_a_cleared_task_are_ended_unless_it_says_otherwise(extra, policy):
    assert ConnectionSettings.from_extra("lab", {"queues": QUEUES, **extra}).on_clear == policy


def test_one_queue_serves_both_capacities():
    assert ConnectionSettings.from_extra("lab", {"queues": {"spot": "only"}}).queue("on_demand") == "only"


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({}, ["lab", "names no job queue", '"queues"']),
        ({"queues": {}}, ["names no job queue"]),
        ({"queues": "{"}, ["'queues'", "JSON object"]),
        ({"queues": {"spot": 3}}, ["'queues'", "JSON object"]),
        ({"queues": {"spoot": "q"}}, ["'spoot'", "spot or on_demand"]),
        ({"queues": QUEUES, "platform": "EKS"}, ["'EKS'", "EC2 nor FARGATE"]),
        ({"queues": QUEUES, "secrets": {"TOKEN": "hunter2"}}, ["'TOKEN'", "is no ARN", "Secrets Manager"]),
        ({"queues": QUEUES, "grafana": "javascript:x"}, ["'javascript:x'", "is no URL"]),
        ({"queues": QUEUES, "on_clear": "leave"}, ["'leave'", "terminate nor adopt"]),
        ({"queues": QUEUES, "shell": "yes"}, ["'yes'", "neither true nor false"]),
        ({"queues": QUEUES, "log_grop": "x"}, ["unknown extra 'log_grop'", "log_group"]),
    ],
)
def test_a_connection_that_cannot_be_used_says_so_in_one_sentence(extra, words):
    with pytest.raises(ConnectionProblem) as caught:
        ConnectionSettings.from_extra("lab", extra)
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("secrets", [{"TOKEN": "hunter2"}, "TOKEN=hunter2", {"TOKEN": ["hunter2"]}])
def test_a_secret_given_by_value_is_not_repeated_in_the_message(secrets):
    with pytest.raises(ConnectionProblem, match="secret") as caught:
        ConnectionSettings.from_extra("lab", {"queues": QUEUES, "secrets": secrets})
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_secrets_are_references():
    arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/token"
    settings = ConnectionSettings.from_extra("lab", {"queues": QUEUES, "secrets": f'{{"TOKEN": "{arn}"}}'})
    assert settings.secrets == {"TOKEN": arn}


@pytest.mark.parametrize(("by", "share"), [("", ""), ("none", ""), ("pipeline", "demo"), ("owner", "imaging-platform")])
def test_jobs_take_a_share_in_the_name_that_the_connection_says(by, share):
    settings = ConnectionSettings.from_extra("lab", {"queues": QUEUES, "fair_share": by})
    assert settings.share("demo", "imaging-platform") == share


def test_a_share_of_another_kind_is_refused():
    with pytest.raises(ConnectionProblem, match="fair_share 'user' is neither pipeline, owner nor none"):
        ConnectionSettings.from_extra("lab", {"queues": QUEUES, "fair_share": "user"})
