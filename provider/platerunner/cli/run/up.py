"""`platerunner up`: Airflow with the provider, the specs and the embedded cloud, until Ctrl-C."""

import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from platerunner.cli.aws.connection import embedded_cloud
from platerunner.cli.console import fail, out
from platerunner.cli.options import DataRoot, WorkspaceRoot, with_roots
from platerunner.cli.run.changes import Changes
from platerunner.cli.run.home import AirflowHome
from platerunner.cli.run.observe import Observe
from platerunner.cli.run.observe import observe as observe_at
from platerunner.cli.run.one_at_a_time import UP, alone
from platerunner.cli.run.standalone import Standalone, StandaloneError

HOME = Path(".platerunner")
RESULTS = Path("demo-results")


def up(
    *,
    specs: Annotated[Path, typer.Option(help="Folder of specs.", exists=True, file_okay=False)] = Path("dag_specs"),
    port: Annotated[int, typer.Option(help="Where Airflow's pages are.")] = 8080,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    observe: Observe = None,
) -> None:
    """Start Airflow with the embedded cloud on this machine; Ctrl-C ends all of it."""
    observe_at(observe)
    if not specs.is_dir():  # a socket, say, which typer takes for neither a file nor a folder
        fail(f"--specs {specs} is no folder; name the one with the specs.")
    if data_root is None:
        from platerunner.local.demo_plate import make_plate  # with numpy, which takes its time

        make_plate(RESULTS / "data")
    roots = with_roots({}, data_root or str(RESULTS / "data"), workspace_root or str(RESULTS / "workspace"))
    home = AirflowHome((HOME / "airflow").absolute())
    with alone(str(home.folder), UP):
        _serve(home, specs, port, roots)
    out.print("Ended: Airflow and the embedded cloud.")


def _serve(home: AirflowHome, specs: Path, port: int, roots: dict[str, str]) -> None:
    with out.status("Preparing Airflow"):
        home.prepare()
    stop = _stop_on_signals()
    with embedded_cloud() as cloud:
        changes = Changes(specs, home.dag_files)
        environment = home.environment(specs, {**cloud.extras, **roots})
        airflow = Standalone(home.folder, port, HOME / "logs" / f"up-{time.strftime('%Y%m%d-%H%M%S')}.log")
        try:
            airflow.start(environment)
            with out.status("Starting Airflow (half a minute)"):
                airflow.wait_until_healthy(stop)
            if not stop.is_set():
                _announce(airflow, roots, str(cloud.extras["endpoint_url"]))
            airflow.wait(stop, lambda sentence: out.print(sentence, style="yellow", markup=False), changes.look)
        except StandaloneError as error:
            fail(str(error), code=1)
        finally:
            airflow.stop()


def _announce(airflow: Standalone, roots: dict[str, str], cloud: str) -> None:
    user, password = airflow.login()
    out.print(f"\nAirflow:  {airflow.address}\nLogin:    {user} / {password}", style="bold", markup=False)
    out.print(f"Images:   {roots['data_root']}\nResults:  {roots['workspace_root']}", markup=False)
    out.print(f"Cloud:    {cloud} (embedded; for `aws --endpoint-url`)", markup=False)
    out.print(f"Log:      {airflow.log}\nCtrl-C ends Airflow and the embedded cloud.", markup=False)


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return stop
