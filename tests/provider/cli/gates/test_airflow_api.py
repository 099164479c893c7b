"""What Airflow refuses, as sentences; its answers are those that 3.3.2 gave."""

import httpx
import pytest

from platerunner.cli.gates.airflow_api import AirflowApi, ApiError, Login

REMEDY = "does not know you: the token is wrong or has run out; get a new one"


@pytest.mark.parametrize(
    ("status", "detail", "sentence"),
    [
        (403, "Invalid JWT token", REMEDY),
        (401, "Token Expired", REMEDY),
        (403, "Forbidden", "Airflow says 403: Forbidden"),
    ],
)
def test_a_token_that_is_no_good_is_told_from_a_person_who_may_not(monkeypatch, status, detail, sentence):
    monkeypatch.setenv("PLATERUNNER_AIRFLOW_TOKEN", "eyJ.secret.token")
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"detail": detail}))
    with pytest.raises(ApiError) as refused:
        AirflowApi(Login("http://airflow.test"), transport).get("/api/v2/dags")
    assert sentence in str(refused.value)
    assert "secret" not in str(refused.value)
