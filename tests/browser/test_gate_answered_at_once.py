"""An answer in the second in which a gate asks is kept, though it can fail that try of the task in the executor."""

import json

import httpx
from tests import embedded
from tests.browser.conftest import RUN_LIMIT_S, Site, trigger, wait_for


def test_an_answer_in_the_very_second_of_the_question_counts(api: httpx.Client, site: Site) -> None:
    run = trigger(api, "asked")
    question = f"{run}/taskInstances/check/-1/hitlDetails"
    # Not sooner: SQLite locks no rows, and Airflow forgets there an answer that it stores while it parks the task.
    task, asks = f"{run}/taskInstances/check", ("awaiting_input", "deferred")
    embedded.wait_for(lambda: api.get(task).json()["state"] in asks, RUN_LIMIT_S, pause=0.05)
    answer = {"chosen_options": ["Approve"], "params_input": {"comment": "flat enough"}}
    api.patch(question, json=answer).raise_for_status()

    wait_for(lambda: api.get(run).json()["state"] == "success", 120)
    gates = site.results / "asked/_platerunner/gates/check"
    made = [entry for path in gates.glob("*.json") for entry in json.loads(path.read_text())["decisions"]]
    assert [entry["comment"] for entry in made] == ["flat enough"]
