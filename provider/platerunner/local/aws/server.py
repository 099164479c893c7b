"""moto's server with our Batch in it, in a thread of its own."""

import socket
import threading
from functools import cache, partial
from pathlib import Path

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.logs.models import logs_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from platerunner.local.aws.faults import Dice
from platerunner.local.aws.front import Front
from platerunner.local.aws.images import LocalImages
from platerunner.local.aws.logs import open_stream
from platerunner.local.aws.prices import SpotPrices, get_products
from platerunner.local.aws.request import Limits
from platerunner.local.aws.resources import Resources
from platerunner.local.aws.responses import Patch
from platerunner.local.jobs.instances import Instances
from platerunner.local.jobs.scheduler import Capacity, Scheduler
from platerunner.local.jobs.table import Jobs


class QuietHandler(MotoRequestHandler):
    """Serves a request without a line on stderr."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the front counts the calls."""


class Dispatcher(DomainDispatcherApplication):
    """moto's, which would look through its folders and patterns for each request: a millisecond, of some five."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self.get_backend_for_host = cache(super().get_backend_for_host)  # type: ignore[method-assign]


class Server:
    """All parts of the cloud, wired together.

    :param listening: a bound and listening socket.
    :param folder: for logs and the jobs' working folders.
    :param cores: that jobs may use together.
    :param memory: bytes that jobs may use together.
    :param variables: what every job gets.
    """

    def __init__(
        self,
        listening: socket.socket,
        *,
        folder: Path,
        region: str,
        cores: float,
        memory: int,
        images: LocalImages,
        variables: dict[str, str],
        dice: Dice,
        min_timeout: int,
    ) -> None:
        (folder / "logs").mkdir()
        self.account = Resources(region)
        capacity = Capacity(cores, memory // 1024**2)
        logs = logs_backends[self.account.id][region]
        instances = Instances(self.account.id, region, capacity.vcpus, capacity.memory)
        self._scheduler = Scheduler(folder, capacity, images, variables, dice, partial(open_stream, logs), instances)
        self.account.create(capacity, images)
        self.jobs = Jobs(self._scheduler)
        self._patches = (Patch(self.jobs, Limits(min_timeout=min_timeout)), SpotPrices(region))
        own = {
            "ecs.DescribeContainerInstances": lambda asked: instances.describe(asked["containerInstances"]),
            "pricing.GetProducts": lambda asked: get_products(asked, region),
        }
        self.front = Front(Dispatcher(), dice, own)
        host, port = listening.getsockname()
        self._http = make_server(
            host, port, self.front, threaded=True, request_handler=QuietHandler, fd=listening.fileno()
        )
        self._listening = listening
        self._thread = threading.Thread(target=self._http.serve_forever, name="platerunner-cloud", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the jobs, then the server, and forget what moto holds."""
        self._scheduler.close()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._listening.close()
        for patch in self._patches:
            patch.undo()
        BackendDict.reset()
        reset_model_data()
