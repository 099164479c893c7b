"""Rows that one step writes into Airflow's metadata database, in a real DAG run (``dag.test()``, SQLite).

python -m benchmarks.batch_operator.rows ANSWER DAG_FILE DAG_ID DATABASE

SQLite itself counts: triggers of its own note every row inserted or updated, so that a row that is deleted again, as
those of Airflow's triggers are, counts too.
"""

import json
import runpy
import sqlite3
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

PER_RUN = ("task_instance", "task_instance_history", "trigger", "xcom", "rendered_task_instance_fields", "log")
"""Tables that a task writes to; what a DAG and its run write is left out."""
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def install(database: str) -> None:
    """Make SQLite count from now on, or go on counting."""
    with sqlite3.connect(database) as base:
        names = [name for (name,) in base.execute(TABLES)]
        if "bench_rows" in names:
            return
        base.execute("CREATE TABLE bench_rows (name TEXT, what TEXT, n INTEGER, PRIMARY KEY (name, what))")
        for name in names:
            for what in ("INSERT", "UPDATE"):
                base.execute("INSERT INTO bench_rows VALUES (?, ?, 0)", (name, what))
                base.execute(
                    f'CREATE TRIGGER "bench_{what}_{name}" AFTER {what} ON "{name}" BEGIN UPDATE bench_rows'
                    f" SET n = n + 1 WHERE name = '{name}' AND what = '{what}'; END"
                )


def counted(database: str) -> Counter[tuple[str, str]]:
    """Rows until now by table and kind of statement."""
    with sqlite3.connect(database) as base:
        return Counter({(name, what): n for name, what, n in base.execute("SELECT * FROM bench_rows")})


def main(answer: str, file: str, dag_id: str, database: str) -> None:
    install(database)
    from airflow.models import import_all_models

    import_all_models()
    dag = runpy.run_path(file)[dag_id]
    when = datetime(2026, 1, 1, tzinfo=UTC)
    run = dag.test(run_after=when, logical_date=when)
    assert run.state == "success", run.state
    rows = counted(database)
    found = {
        what: {name: n for (name, kind), n in sorted(rows.items()) if kind == what and n}
        for what in ("INSERT", "UPDATE")
    }
    Path(answer).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
