"""What messages say: a subject, and a text that needs no page of Airflow's to be understood."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from airflow.configuration import conf

from platerunner.engine.records.launches import Refused
from platerunner.spec.model import Event, Pipeline

DIGEST_KEY = "platerunner_digest"
"""XCom with the digest of a step in which units failed: a line per category, never one per unit."""
RESULT_KEY = "platerunner_result"
"""XCom with what a step did, in counts."""
WORDS: Mapping[Event, str] = {
    "on_failure": "has failed",
    "on_retry": "is tried again",
    "on_gate": "waits for an answer",
    "on_success": "the run has ended in success",
    "on_deadline": "the run is late",
}


class Text(NamedTuple):
    """A message.

    :param subject: one line.
    :param body: plain text in lines.
    """

    subject: str
    body: str


def of_task(event: Event, pipeline: Pipeline, context: Mapping[str, Any]) -> Text:
    """The text about a step or a gate.

    :param context: Airflow's.
    """
    ti = context["ti"]
    step = pipeline.steps.get(str(ti.task_id))
    failure = [] if event == "on_gate" else _failure(context)
    branch = getattr(context.get("task"), "branch", None)
    which = f"{ti.task_id} ({branch})" if branch else str(ti.task_id)
    parts = [step.title if step else "", *failure, f"Run {ti.run_id}", str(ti.log_url)]
    return Text(f"{pipeline.name}: {which} {WORDS[event]}", _joined(parts))


def of_success(pipeline: Pipeline, context: Mapping[str, Any]) -> Text:
    """What a run has done.

    :param context: Airflow's for a run's callback, which may lack all but the run's id.
    """
    results = {step.name: _results(_pull(context, step.name, RESULT_KEY)) for step in pipeline.modules}
    lines = [_sentence(name, found) for name, found in results.items() if found]
    run_id = str(context["run_id"])
    parts = [pipeline.title, "\n".join(lines), f"Run {run_id}", run_url(pipeline.name, run_id)]
    return Text(f"{pipeline.name}: {WORDS['on_success']}", _joined(parts))


def of_rejected(pipeline: Pipeline, refused: Refused) -> Text:
    """That a file asks for a launch that cannot be, with all that is wrong."""
    told = [f"line {each['line']}: {each['message']}. {each['remedy']}" for each in refused.problems]
    parts = [pipeline.title, refused.file, "\n".join(told), "Upload it again when it is fixed."]
    return Text(f"{pipeline.name}: a launch was refused ({refused.error})", _joined(parts))


def of_deadline(pipeline: str, title: str, context: Mapping[str, Any]) -> Text:
    """That a run is late.

    :param context: Airflow's for a missed deadline.
    """
    run_id = str(context["dag_run"]["dag_run_id"])
    until = str(context["deadline"]["deadline_time"])[:16].replace("T", " ")
    missed = f"It should have ended by {until} UTC, and goes on."
    parts = [title, missed, f"Run {run_id}", run_url(pipeline, run_id)]
    return Text(f"{pipeline}: {WORDS['on_deadline']}", _joined(parts))


def run_url(dag_id: str, run_id: str) -> str:
    """A run's page in Airflow."""
    base = str(conf.get("api", "base_url", fallback="http://localhost:8080/"))
    return f"{base.rstrip('/')}/dags/{dag_id}/runs/{quote(run_id)}"


def _failure(context: Mapping[str, Any]) -> list[str]:
    said = str(context.get("exception") or "Airflow gives no reason; the log may.")
    ti = context["ti"]
    own = getattr(ti, "map_index", None)  # of a step that each branch has for itself, its own digest alone
    digest = _pull(context, ti.task_id, DIGEST_KEY, map_indexes=-1 if own is None else own)
    return [said, digest] if isinstance(digest, str) else [said]


def _results(pulled: Any) -> list[Mapping[str, Any]]:
    """What a step did; of one that each branch has for itself, what each of them did."""
    found = pulled if isinstance(pulled, list) else [pulled]
    return [result for result in found if isinstance(result, dict)]


def _sentence(step: str, results: Sequence[Mapping[str, Any]]) -> str:
    done, units, failed = (
        sum(result[name] for result in results for name in names)
        for names in (("succeeded", "done_before"), ("units",), ("failed",))
    )
    return f"{step}: {done} of {units} units done{f', {failed} failed' if failed else ''}"


def _pull(context: Mapping[str, Any], task: str, key: str, **which: int) -> Any:
    """An XCom; None where there is none, or where nobody answers, as for a task whose process is gone."""
    ti = context.get("ti")
    try:
        return ti.xcom_pull(task_ids=task, key=key, **which) if ti is not None else None
    except Exception:  # the message is worth sending without it
        return None


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(filter(None, parts))
