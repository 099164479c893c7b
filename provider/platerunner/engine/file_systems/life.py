"""The life of a run's file system, from before its steps to after them; each call may be made by another process."""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, partial
from urllib.parse import urlsplit

from platerunner.batch.calls import explained
from platerunner.batch.model import BatchError, UnansweredError
from platerunner.catalog.loader import load_catalog
from platerunner.engine.access import Access
from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.file_systems.charging import FileSystemCharges, Whose
from platerunner.engine.file_systems.elastic import Elastic
from platerunner.engine.file_systems.lustre import Lustre
from platerunner.engine.file_systems.made import (
    MARK,
    PIPELINE,
    RUN,
    TAG_LETTERS,
    WORKSPACE,
    Made,
    Order,
    Service,
)
from platerunner.engine.images import resolve_named
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import PlanningError, placed
from platerunner.engine.planning.model import UnitState
from platerunner.engine.planning.prepare import images, plan_pipeline
from platerunner.engine.planning.settings import workspace_url
from platerunner.engine.records.file_systems import RunFileSystem, load_file_system, save_file_system
from platerunner.spec.model import Pipeline
from platerunner.spec.templates import render

log = logging.getLogger(__name__)
LOOK_S = 15.0
"""Seconds to the next look: EFS takes one or two minutes, FSx five to fifteen."""
MOST_HOURS = 1.0
"""Hours after which one that is not ready is given up."""
Pause = Callable[[float], object]


def services_of(access: Access) -> dict[str, Service]:
    """AWS's services of file systems, by the kind that a spec names."""
    return {"fsx": Lustre(access.fsx), "efs": Elastic(access.efs)}


class RunStorage:
    """The file system of one run.

    :param context: params, roots and the run's id.
    """

    def __init__(self, access: Access, pipeline: Pipeline, context: RunContext) -> None:
        self._access, self._pipeline, self._context = access, pipeline, context
        self._workspace = access.storage(workspace_url(pipeline, context))

    @property
    def wanted(self) -> bool:
        """Whether the run has one; an embedded cloud cannot mount any, so that its runs have none."""
        asked = self._pipeline.storage is not None and not self._context.options.dry_run
        return asked and not self._access.settings.here

    def set_up(self, pause: Pause = time.sleep) -> float | None:
        """Bring it nearer to being mounted.

        :param pause: waits, where a file system that cannot be used is deleted.
        :returns: seconds to the next look; None if jobs can have it, or if there is none.
        :raises BatchError: if AWS refuses; what there was of it is deleted.
        """
        if not self.wanted:
            if self._pipeline.storage is not None and self._access.settings.here:
                log.info("an embedded cloud mounts no file system: jobs read their files where they are")
            return None
        try:
            with explained("make the file system of the run"):
                return self._nearer()
        except UnansweredError:
            raise
        except BatchError:
            wait_for(self.tear_down, pause)
            raise

    def tear_down(self) -> float | None:
        """Delete it; seconds to the next look, or None if it goes away by itself, or if there is none.

        :raises BatchError: if AWS refuses.
        """
        if not self.wanted:
            return None
        if known := load_file_system(self._workspace, self._context.run_id):
            save_file_system(self._workspace, self._context.run_id, replace(known, ended=True))
        with explained("delete the file system of the run"):
            moment = datetime.now(UTC)
            made = self._find()
            if made is None:
                return None
            self._note(made, moment)
            if not self._service.end(made):
                return LOOK_S
        log.info("the file system %s is deleted, after %.1f hours", made.id, made.hours)
        return None

    def _nearer(self) -> float | None:
        made = self._find()
        if made is None:
            if self._is_idle():
                log.info("nothing has to run, so that no file system is made")
                return None
            self._service.make(self._order)
            log.info("a file system is being made (%s), which takes some minutes", self._service.kind)
            return LOOK_S
        self._note(made)
        source = self._service.prepare(made, self._order)
        if source is None:
            if made.hours > MOST_HOURS:
                raise BatchError(f"the file system {made.id} was not ready within {MOST_HOURS:g} hour; try again later")
            return LOOK_S
        found = RunFileSystem(self._service.kind, made.id, source, self._order.data)
        save_file_system(self._workspace, self._context.run_id, found)
        log.info("jobs read %s through the file system %s", found.data, made.id)
        return None

    def _find(self) -> Made | None:
        return next((made for made in self._service.all() if made.token == self._token), None)

    def _note(self, made: Made, ended: datetime | None = None) -> None:
        """Into the ledger: before AWS is asked to delete it, so that none is gone without a row."""
        whose = Whose.of(self._access, self._pipeline, self._context.run_id, self._workspace)
        FileSystemCharges(self._access, self._workspace).note(self._service.kind, made, whose, ended)

    @cached_property
    def _service(self) -> Service:
        assert self._pipeline.storage is not None
        return services_of(self._access)[self._pipeline.storage.kind]

    @cached_property
    def _order(self) -> Order:
        storage, network = self._pipeline.storage, self._access.settings.storage
        assert storage is not None
        if not network.get("subnets") or not network.get("security_groups"):
            raise ConnectionProblem(
                f"connection {self._access.conn_id!r} does not say where file systems are made: apply Terraform with "
                '`fast_storage = true`, or add "storage": {"subnets": [...], "security_groups": [...]} to its extras'
            )
        whose = {WORKSPACE: self._workspace.url, RUN: self._context.run_id, PIPELINE: self._pipeline.name}
        tags = {
            key: value[:TAG_LETTERS]
            for key, value in {**self._access.settings.tags, MARK: self._token, **whose}.items()
        }
        return Order(self._token, storage.capacity, self._data(), network["subnets"], network["security_groups"], tags)

    def _data(self) -> str:
        storage = self._pipeline.storage
        assert storage is not None
        with placed(self._pipeline, "storage", "data"):
            url = str(render(storage.data, self._context.templates()))
        if urlsplit(url).scheme != "s3":
            where = self._pipeline.place(("storage", "data"))
            raise PlanningError(f"`storage.data` is {url}, which is not in S3 ({where}): name s3://bucket/prefix")
        return url.rstrip("/")

    @property
    def _token(self) -> str:
        return hashlib.sha256(f"{self._workspace.url} {self._context.run_id}".encode()).hexdigest()[:32]

    def _is_idle(self) -> bool:
        """Whether every unit is done already; False where that cannot be planned before the steps run."""
        registry, modules = self._access.settings.registry, load_catalog()
        resolve = partial(resolve_named, self._pipeline, registry=registry, ecr=self._access.ecr)
        try:
            digests = {name: resolve(name)[1] for name in images(self._pipeline, modules, self._context)}
            plans = plan_pipeline(self._pipeline, modules, self._context, self._access.storage, digests)
        except PlanningError:
            return False
        return not any(plan.of(UnitState.PENDING) for plan in plans)


def wait_for(look: Callable[[], float | None], pause: Pause = time.sleep) -> None:
    """Look until there is nothing left to wait for.

    :param look: seconds to the next look, or None.
    :param pause: waits so long.
    """
    while (seconds := look()) is not None:
        pause(seconds)
