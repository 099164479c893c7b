"""The process in which `platerunner run` lets Airflow's own machinery run a DAG: `dag.test()`.

A process of its own, so that the log of Airflow goes to a file and the terminal shows progress. It talks to its
parent in JSON lines: states go out on the descriptor named by ``PLATERUNNER_EVENTS``, answers come in on stdin.
"""

import atexit
import gc
import json
import os
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

POLL_S = 0.5
SELDOM = (50_000, 20, 100)
"""After how many new objects Python looks for cycles among the youngest, the middle and all. Airflow and its API are
a million objects that stay: with Python's own numbers, a quarter of a run without work goes into walking through them.
"""


def main(argv: list[str]) -> int:
    """Run one DAG to its end.

    :param argv: the spec's path, the run's date (ISO 8601 with zone), its conf as JSON.
    :returns: 0 if the DAG run succeeded, 1 if not.
    """
    gc.set_threshold(*SELDOM)
    spec, run_after, conf = Path(argv[0]), datetime.fromisoformat(argv[1]), json.loads(argv[2])
    events = os.fdopen(int(os.environ["PLATERUNNER_EVENTS"]), "w", buffering=1)

    # All imports before any thread: Airflow's models import each other while SQLAlchemy holds a lock of its own.
    from airflow.models import import_all_models

    from platerunner.render import build_dag
    from platerunner.sensors import answering
    from platerunner.spec.loader import load_pipeline
    from platerunner.spec.steps import Gate

    import_all_models()  # type: ignore[no-untyped-call]
    pipeline = load_pipeline(spec)
    if any(isinstance(step, Gate) for step in pipeline.steps.values()):
        answering.make_app()  # imports half of Airflow, which two threads at once may never end
    dag = build_dag(pipeline)
    run_id = f"manual__{run_after.isoformat()}"
    for task in dag.tasks:
        task.on_failure_callback = [partial(_tell_failure, events)]
    reporter = threading.Thread(target=_report, args=(dag.dag_id, run_id, events), daemon=True)
    answers = threading.Thread(target=_answer, args=(events, dag.dag_id, run_id), daemon=True)
    reporter.start()
    answers.start()
    run = dag.test(run_after=run_after, logical_date=run_after, run_conf=conf)
    _send(events, event="end", state=str(run.state), states=_states(dag.dag_id, run_id))
    return 0 if str(run.state) == "success" else 1


def leave(code: int) -> NoReturn:
    """End this process and tidy only what asked for it: to free all of Airflow's objects first takes a second or more.

    :param code: its exit status.
    """
    atexit._run_exitfuncs()  # noqa: SLF001  # the only way to call them without the rest
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _send(events: Any, **message: Any) -> None:
    events.write(json.dumps(message) + "\n")


def _tell_failure(events: Any, context: Any) -> None:
    """Tell the parent why a task failed."""
    ti = context["ti"]
    index = -1 if ti.map_index is None else ti.map_index
    _send(events, event="failure", task=ti.task_id, index=index, message=str(context["exception"]))


def _report(dag_id: str, run_id: str, events: Any) -> None:
    """Tell the parent the tasks' states, as long as there is a parent."""
    pause = threading.Event()
    while not pause.wait(POLL_S):
        try:
            _send(events, event="states", states=_states(dag_id, run_id))
        except BrokenPipeError:
            os._exit(1)  # the parent was killed, and its embedded cloud with it


def _states(dag_id: str, run_id: str) -> dict[str, dict[int, str]]:
    """Task id to map index to state; -1 is the index of a task that is not mapped, or not yet."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    query = select(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state).where(
        TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id
    )
    found: dict[str, dict[int, str]] = {}
    with create_session() as session:
        for task, index, state in session.execute(query):
            if state is not None:
                found.setdefault(task, {})[index] = str(state)
    return found


def _answer(events: Any, dag_id: str, run_id: str) -> None:
    """Hand the parent's answers to the gates that wait for them, and tell it of each that is not taken."""
    from platerunner.sensors.answering import AnswerError, answer_pending

    for answer in _lines():
        task, index = answer["task"], answer["index"]
        try:
            answer_pending(dag_id, run_id, task, answer["choice"], answer["comment"], map_index=index)
        except AnswerError as error:
            _send(events, event="refused", task=task, index=index, message=f"the answer was not taken: {error}")


def _lines() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        yield json.loads(line)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
