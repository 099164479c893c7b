"""The embedded cloud: S3, Batch, CloudWatch Logs and ECR on this machine, with jobs that really run.

``Cloud().start()`` serves it from a thread of this process, ``python -m platerunner.local`` from one of its own.
"""

import gc
import importlib.util
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from platerunner.local.aws.faults import Dice, Faults
from platerunner.local.aws.images import ImageMissingError, LocalImage, LocalImages, builtin_images
from platerunner.local.aws.lean_moto import imported_lean
from platerunner.local.aws.names import Account
from platerunner.local.aws.stand_ins import stand_ins
from platerunner.local.door import Door
from platerunner.local.host import containers
from platerunner.local.host.launch import PARENT_VARIABLE
from platerunner_unit.contract.processes import is_alive

if TYPE_CHECKING:
    from platerunner.local.aws.server import Server
    from platerunner.local.jobs.table import Use

REGION = "us-east-1"
SERVER = "platerunner.local.aws.server"


class CloudError(Exception):
    """The embedded cloud cannot start; the message is one sentence with the remedy."""


class Cloud:
    """A running embedded cloud; a process can have one.

    :param port: 0 for a free one.
    :param cores: that jobs may use together; this machine's if None.
    :param memory: bytes that jobs may use together; this machine's if None.
    :param images: besides the built-in ones.
    :param cellprofiler: the program behind ``cellprofiler:4.2.8``; looked for if None. With
        ``PLATERUNNER_CONTAINERS=podman`` jobs run in podman's images instead.
    :param faults: what goes wrong on purpose.
    :param min_timeout: shortest timeout that a job may have, in seconds; AWS Batch says 60.
    """

    _running: ClassVar["Cloud | None"] = None

    def __init__(
        self,
        *,
        port: int = 0,
        region: str = REGION,
        cores: float | None = None,
        memory: int | None = None,
        images: Iterable[LocalImage] = (),
        cellprofiler: Path | None = None,
        faults: Faults | None = None,
        min_timeout: int = 60,
    ) -> None:
        self.region = region
        self.folder = Path(tempfile.mkdtemp(prefix="platerunner-cloud-"))
        self._port = port
        self._cores = cores or os.cpu_count() or 1
        self._memory = memory or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        self.account = Account(region)
        self.images = LocalImages(self.account.registry, chain(images, _images(cellprofiler)))
        self._min_timeout = min_timeout
        self._dice = Dice(Faults() if faults is None else faults)
        self._server: Server | None = None
        self._door: Door | None = None

    def start(self, *, when_asked: bool = False) -> Self:
        """Start it; it serves from a thread until :meth:`stop`.

        :param when_asked: start with the first call: who finds all done then pays for no cloud.
        :raises CloudError: if moto is missing, the port is taken, or this process has a cloud already.
        """
        if Cloud._running is not None:
            raise CloudError(f"A cloud runs in this process already, at {Cloud._running.endpoint}: stop it first.")
        listening = _bind(self._port)
        self._port = listening.getsockname()[1]
        try:
            if when_asked:
                _check_moto()
                self._door = Door(listening, lambda: self._serve(listening))
            else:
                self._serve(listening)
        except CloudError:
            listening.close()
            raise
        Cloud._running = self
        return self

    def _serve(self, listening: socket.socket) -> None:
        self._server = _server_class()(
            listening,
            folder=self.folder,
            region=self.region,
            cores=self._cores,
            memory=self._memory,
            images=self.images,
            variables=telemetry() | self.environment() | {PARENT_VARIABLE: str(os.getpid())},
            dice=self._dice,
            min_timeout=self._min_timeout,
        )

    def stop(self) -> None:
        """End all jobs, then the cloud, and forget what it held."""
        if Cloud._running is not self:
            return
        if self._door is not None:
            self._door.close()
        if self._server is not None:
            self._server.close()
        self._server = self._door = None
        Cloud._running = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self if Cloud._running is self else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        """The address of every service."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def calls(self) -> Counter[str]:
        """How often each call was made, e.g. ``batch.describejobs``."""
        return self._server.front.calls if self._server is not None else Counter()

    def book(self) -> "list[Use]":
        """What each job that has ended took of its instance."""
        return self._server.jobs.book() if self._server is not None else []

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose; may be set while the cloud runs."""
        return self._dice.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._dice.faults = faults

    def environment(self) -> dict[str, str]:
        """Variables with which boto3 and obstore reach it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ALLOW_HTTP": "true",
        }

    def connection(self) -> dict[str, Any]:
        """Extras of the Airflow connection ``platerunner``."""
        return self.account.connection(self.endpoint)


def telemetry() -> dict[str, str]:
    """What this process knows of a collector of telemetry, for jobs: all of OpenTelemetry's variables.

    They go into the jobs' environment alone, not into definitions or submissions: there may be a key among them.
    """
    return {name: value for name, value in os.environ.items() if name.startswith("OTEL_")}


def _server_class() -> "type[Server]":
    """The server, with moto: its tables are hundreds of thousands of objects that live as long as this process.

    They are kept from the collector, which would walk through all of them time and again, and once more at the end.
    """
    first, collecting = SERVER not in sys.modules, gc.isenabled()
    gc.disable()
    try:
        with imported_lean():
            from platerunner.local.aws.server import Server
    except ModuleNotFoundError as error:
        raise _missing((error.name or "").partition(".")[0]) from error
    finally:
        if collecting:
            gc.enable()
    if first:
        gc.freeze()
    return Server


def _images(cellprofiler: Path | None) -> Iterable[LocalImage]:
    """Podman's images where jobs are to run in containers, else what this machine can stand in for."""
    try:
        if containers.wanted():
            return list(containers.container_images())
        return [*stand_ins(), *builtin_images(cellprofiler)]
    except ImageMissingError as error:
        raise CloudError(str(error)) from error


def _check_moto() -> None:
    if importlib.util.find_spec("moto") is None:
        raise _missing("moto")


def _missing(package: str) -> CloudError:
    return CloudError(f"The embedded cloud needs {package}: pip install 'airflow-provider-platerunner[local]'.")


def _bind(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        listening.close()
        raise CloudError(f"Port {port} cannot be used ({error.strerror}): choose another with --port.") from error
    listening.listen(512)
    return listening


def serve(cloud: Cloud, stop: threading.Event, parent: int | None) -> None:
    """Wait until somebody stops the cloud, or the process that it was started for is gone.

    :param stop: set to end.
    :param parent: pid; None for nobody in particular.
    """
    while not stop.wait(1.0):
        if parent is not None and not is_alive(parent):
            break
    cloud.stop()
