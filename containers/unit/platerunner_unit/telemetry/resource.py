"""What all signals of a unit carry: who, on which image, on which host; by OpenTelemetry's semantic conventions."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

import platerunner_unit
from platerunner_unit.contract.manifest import StepTask, UnitTask
from platerunner_unit.contract.telemetry import signals

SERVICE = "platerunner-unit"
LONGEST = 255
"""Characters of a metric's attribute: each series of a Prometheus carries them all."""


@dataclass(frozen=True)
class UnitNames:
    """The unit, as its telemetry names it.

    :param attempt: from 1, over all submissions of the run.
    :param job_id: as Batch names the job; None outside Batch.
    """

    step: StepTask
    unit: UnitTask
    attempt: int
    job_id: Optional[str]

    def attributes(self) -> dict[str, Any]:
        """``platerunner.*``: pipeline, run, step, unit, attempt, job; and every wildcard (``plate``, ``well``, ...)."""
        step = self.step
        known: dict[str, Any] = {f"platerunner.{name}": str(value) for name, value in self.unit.values.items()}
        known.update(
            {
                "platerunner.pipeline": step.pipeline,
                "platerunner.run_id": step.run_id,
                "platerunner.step": step.step,
                "platerunner.module": step.module,
                "platerunner.unit": self.unit.unit,
                "platerunner.attempt": self.attempt,
                "platerunner.fingerprint": self.unit.fingerprint,
                "platerunner.job_id": self.job_id,
            }
        )
        return {name: value for name, value in known.items() if value is not None}


def resource_attributes(names: UnitNames, environ: Mapping[str, str]) -> dict[str, Any]:
    """All attributes of the unit's resource but those of the ECS task, which take a request.

    :param names: the unit.
    :param environ: ``AWS_*`` as Batch sets them.
    """
    step = names.step
    known: dict[str, Any] = {
        "service.name": environ.get("OTEL_SERVICE_NAME") or SERVICE,
        "service.version": platerunner_unit.__version__,
        "service.namespace": "platerunner",
        "service.instance.id": f"{names.job_id or f'{socket.gethostname()}-{os.getpid()}'}#{names.attempt}",
        "container.image.name": _image_name(step.image) or None,
        "container.image.tags": [tag] if (tag := _image_tag(step.image)) else None,
        "container.image.repo_digests": [f"{_image_name(step.image)}@{step.digest}"] if step.digest else None,
        "oci.manifest.digest": step.digest,
        "cloud.region": environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION"),
        "host.name": socket.gethostname(),
        "host.arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
        "os.type": platform.system().lower(),
        "process.pid": os.getpid(),
        "process.runtime.name": platform.python_implementation().lower(),
        "process.runtime.version": platform.python_version(),
        "platerunner.job_queue": environ.get("AWS_BATCH_JQ_NAME"),
        "platerunner.compute_environment": environ.get("AWS_BATCH_CE_NAME"),
        **names.attributes(),
    }
    return {name: value for name, value in known.items() if value is not None}


def metric_attributes(names: UnitNames, environ: Mapping[str, str]) -> dict[str, Any]:
    """The resource of the unit's metrics: what units share, so that 10,000 of them have the series of one.

    :param names: the unit.
    :param environ: the process's.
    """
    step = names.step
    known = {
        "service.name": environ.get("OTEL_SERVICE_NAME") or SERVICE,
        "service.namespace": "platerunner",
        signals.PIPELINE: step.pipeline,
        signals.STEP: step.step,
        signals.MODULE: step.module,
        signals.IMAGE: step.image or None,
        signals.PLATE: names.unit.values.get("plate"),
    }
    return {name: str(value)[:LONGEST] for name, value in known.items() if value is not None}


def _image_name(image: str) -> str:
    """The image without tag and digest; a colon before the last slash belongs to a registry's port."""
    name = image.partition("@")[0]
    return name[: -len(_image_tag(image)) - 1] if _image_tag(image) else name


def _image_tag(image: str) -> str:
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]
