"""A private Airflow for one folder: its home, its settings as environment variables, its database."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

DAG_FILES = {
    "platerunner_dags.py": """# Made by `platerunner`: an Airflow DAG for each spec of the folder PLATERUNNER_DAG_SPECS.
from platerunner.render import load_dags, specs_of

load_dags(specs_of(__file__), globals())
""",
    "platerunner_broken_specs.py": """# Made by `platerunner`: what is wrong with specs, for Airflow; it has no DAG.
from platerunner.render import show_broken_specs, specs_of

show_broken_specs(specs_of(__file__))
""",
}


@dataclass(frozen=True, slots=True)
class AirflowHome:
    """An Airflow of our own in a folder, apart from any other on the machine.

    :param folder: AIRFLOW_HOME; made if it is not there.
    """

    folder: Path

    def environment(self, specs: Path, connection: Mapping[str, Any]) -> dict[str, str]:
        """The variables under which Airflow's processes run.

        :param specs: a spec file or a folder of them.
        :param connection: extras of the connection ``platerunner``.
        """
        return {
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.folder / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self._database,
            # Without it, a trigger or an answer within a second of parking can fail the task (see docs/adr/).
            "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "AIRFLOW_CONN_PLATERUNNER": json.dumps({"conn_type": "platerunner", "extra": dict(connection)}),
            "PLATERUNNER_DAG_SPECS": str(specs.absolute()),
        }

    @property
    def _database(self) -> str:
        """A writer waits 15 s for the others; after Python's 5 s, Airflow's API answers 500 on a busy machine.

        No longer: Airflow's API server commits its audit log in its event loop. If that waits for a request of the
        same server, which can commit only when the loop goes on, all of it stands still until the log gives up.
        """
        return f"sqlite:///{self.folder}/airflow.db?timeout=15"

    @property
    def dag_files(self) -> list[Path]:
        """The files that make DAGs of specs; ``prepare`` writes them."""
        return [self.folder / "dags" / name for name in DAG_FILES]

    def prepare(self) -> None:
        """Write the DAG files and bring the database to the installed Airflow's schema, once per Airflow version.

        :raises RuntimeError: if the migration fails; the message ends in Airflow's own last lines.
        """
        (self.folder / "dags").mkdir(parents=True, exist_ok=True)
        for file in self.dag_files:
            file.write_text(DAG_FILES[file.name])
        stamp = self.folder / f".migrated-{version('apache-airflow')}"
        if stamp.exists():
            return
        env = {**os.environ, "AIRFLOW_HOME": str(self.folder), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"], env=env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
            raise RuntimeError(f"`airflow db migrate` in {self.folder} failed:\n{tail}")
        stamp.touch()
