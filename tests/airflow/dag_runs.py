"""Runs DAGs of specs by Airflow's own `dag.test()`, one after another, for whoever writes lines of JSON to it.

A process of its own, since Airflow reads its settings when it is imported; one for all runs, since importing Airflow
and making its API, which `dag.test()` asks as a worker asks it, take longer than most of them. A line is answered by
``{"succeeded": ...}`` into the pipe whose number is its argument: Airflow writes to stdout as it likes.
"""

import faulthandler
import gc
import json
import os
import sys
import threading
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models import import_all_models
from airflow.models.asset import AssetEvent
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select

from platerunner.cli.run.airflow_process import SELDOM, leave
from platerunner.render import build_dag
from platerunner.sensors import answering
from platerunner.spec.loader import load_pipeline

HANGS_S = 540
ANSWER_S = 500


def run(spec: str, when: str, environment: dict[str, str], conf: dict[str, Any], answer: list[str]) -> bool:
    """Whether it succeeded.

    :param answer: the answer to the gate ``check``, and the comment; empty leaves it unanswered.
    """
    os.environ.update(environment)
    dag = build_dag(load_pipeline(Path(spec)))
    moment = datetime.fromisoformat(when)
    asked = (dag.dag_id, f"manual__{moment.isoformat()}", "check", *answer)
    if answer:
        threading.Thread(
            target=answering.answer_pending, args=asked, kwargs={"user": "ada", "wait_s": ANSWER_S}, daemon=True
        ).start()
    done = dag.test(run_after=moment, logical_date=moment, run_conf=conf)
    print({ti.task_id: str(ti.state) for ti in done.get_task_instances()})
    print(f"assets updated: {updated(dag.dag_id, done.run_id)}")
    print(f"runs for keys: {runs_for_keys()}")
    return str(done.state) == "success"


def updated(dag_id: str, run_id: str) -> list[tuple[str, str | None]]:
    """The assets that a run has updated, each with the key of its event."""
    with create_session() as session:
        found = session.scalars(select(AssetEvent).filter_by(source_dag_id=dag_id, source_run_id=run_id))
        return sorted((event.asset.name, event.partition_key) for event in found)


def runs_for_keys() -> list[tuple[str, str]]:
    """The runs that the scheduler makes of the keys of assets' events, each with its key."""
    with create_session() as session:
        SchedulerJobRunner(job=Job())._create_dagruns_for_partitioned_asset_dags(session)
        session.flush()
        found = session.scalars(select(DagRun).where(DagRun.partition_key.is_not(None)))
        return sorted((run.dag_id, run.partition_key) for run in found)


def main() -> None:
    answers = os.fdopen(int(sys.argv[1]), "w")
    import_all_models()  # before any thread: the models import each other while SQLAlchemy holds a lock of its own
    answering.make_app()  # imports half of Airflow, which two threads at once may never end
    for line in sys.stdin:
        faulthandler.dump_traceback_later(HANGS_S, exit=True)  # a run that hangs says where
        try:
            succeeded = run(**json.loads(line))
        except Exception:
            traceback.print_exc()
            succeeded = False
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.flush()
        print(json.dumps({"succeeded": succeeded}), file=answers, flush=True)


if __name__ == "__main__":
    gc.set_threshold(*SELDOM)
    main()
    leave(0)
