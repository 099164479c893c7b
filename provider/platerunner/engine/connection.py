"""What a connection of type `platerunner` says: where jobs run, where logs and results go."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, get_args
from urllib.parse import urlsplit

from platerunner.catalog.model import Resources
from platerunner.engine.host_disks import TooLargeError, host_disk_problems, queue_with_room, read_host_disks
from platerunner.engine.periods import retention_problems
from platerunner.spec.tags import MOST, OF_AWS, name_objection, value_objection
from platerunner_unit.contract.stores.buckets import VARIABLE as BUCKETS_VARIABLE
from platerunner_unit.contract.stores.buckets import BucketsError, check_buckets

CAPACITIES = ("spot", "on_demand")
GPU_POOL, FARGATE_POOL = "gpu", "fargate"
_POOL = re.compile(r"[a-z][a-z0-9_]{0,63}")
PLATFORMS = ("EC2", "FARGATE")
OnClear = Literal["terminate", "adopt"]
FairShare = Literal["none", "pipeline", "owner"]
APPROVED_ONLY = "approved_only"
Policy = Literal["any", "approved_only"]
DEFAULT_LOG_GROUP = "/aws/batch/job"
OWN_TAGS = 3
"""Tags that every job definition has: pipeline, step, and when it was registered."""
LOOPBACK = ("127.0.0.1", "localhost")


class ConnectionProblem(Exception):  # noqa: N818  (it is named for what a person reads)
    """A connection that cannot be used; the message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """The extras of a connection, checked.

    :param name: connection id, for messages.
    :param queues: ``spot`` and ``on_demand`` to the name or ARN of a job queue; one of them is enough. Others are
        pools, under any name: ``gpu`` for steps with GPUs, ``fargate`` for jobs on Fargate.
    :param registry: host and prefix before an image's name, e.g. ``1234.dkr.ecr.eu-west-1.amazonaws.com/platerunner``.
    :param region: AWS region; None for the environment's.
    :param log_group: CloudWatch log group of the jobs.
    :param job_role: ARN of the role that containers run as.
    :param execution_role: ARN of the role that pulls images and writes logs; needed on Fargate.
    :param upload_queue: URL of the SQS queue in which S3's events arrive, for pipelines that start after an upload.
    :param bucket: where data and workspaces are unless the roots say otherwise.
    :param data_root: URL or folder that specs call ``data_root``.
    :param workspace_root: URL or folder that specs call ``workspace_root``.
    :param ledger: URL or folder of a ledger that all pipelines share; without, each workspace has its own.
    :param grafana: URL of the Grafana that has the dashboards of ``observability/``; pages link to it.
    :param retention: how long things are kept, as :mod:`platerunner.engine.periods` has it:
        ``{"outcomes": "2 y", "logs": "90 d", "runs": "1 y", "ledger": "7 y", "hold": "legal-hold"}``; what has none is
        kept for good.
    :param platform: ``EC2`` or ``FARGATE``.
    :param aws_conn_id: Airflow connection with AWS credentials; None for the environment's chain.
    :param endpoint_url: of an AWS that is not Amazon's, such as the embedded cloud; None for the environment's.
    :param on_clear: what happens to running jobs when somebody clears or marks their task: ``terminate`` them, or let
        the next try ``adopt`` them.
    :param fair_share: in whose name jobs take their place in a queue that has a scheduling policy: the ``pipeline``'s
        or the ``owner``'s; ``none`` if the queues have no policy.
    :param policy: ``approved_only`` lets no module run that the catalog does not call approved; ``any`` lets all.
    :param shell: whether `platerunner shell` may open a shell in a job on AWS, by ECS Exec: definitions that are made
        from then on allow it. IAM decides who.
    :param environment: plain variables for every container, never secrets.
    :param secrets: for every container, variable to ARN of a Secrets Manager secret or SSM parameter: by reference.
    :param tags: cost tags for definitions and jobs.
    :param buckets: how buckets are reached that are not the lab's own, as
        :mod:`platerunner_unit.contract.stores.buckets` has it:
        ``{"cellpainting-gallery": {"access": "anonymous", "region": "us-east-1"}}``.
    :param host_disk: queue to the disk that jobs have on its hosts, ``{"spot": "170 GiB"}``: Batch does not size it by
        job on EC2. Steps that ask for more are refused, or go to a queue whose hosts have it.
    :param storage: where file systems of runs are made: ``{"subnets": [one a zone], "security_groups": [...]}``.
    :param approver_groups: name of a group that a gate's ``approvers`` may name, to its users: Airflow tells a task who
        answered, but neither their roles nor their groups.
    """

    name: str
    queues: Mapping[str, str]
    registry: str = ""
    region: str | None = None
    log_group: str = DEFAULT_LOG_GROUP
    job_role: str | None = None
    execution_role: str | None = None
    upload_queue: str = ""
    bucket: str = ""
    data_root: str = ""
    workspace_root: str = ""
    ledger: str = ""
    grafana: str = ""
    retention: Mapping[str, str] = field(default_factory=dict)
    platform: str = "EC2"
    aws_conn_id: str | None = None
    endpoint_url: str | None = None
    on_clear: OnClear = "terminate"
    fair_share: FairShare = "none"
    policy: Policy = "any"
    shell: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    host_disk: Mapping[str, str] = field(default_factory=dict)
    approver_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    buckets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    storage: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def from_extra(cls, name: str, extra: Mapping[str, Any]) -> Self:
        """Check a connection's extras.

        :param name: connection id, for messages.
        :param extra: its extras; empty values count as not given, mappings may be JSON text (as the form stores them).
        :raises ConnectionProblem: if something is missing, unknown or of the wrong form.
        """
        known = {f.name for f in fields(cls)} - {"name"}
        if unknown := sorted(set(extra) - known):
            raise ConnectionProblem(
                f"connection {name!r}: unknown extra {unknown[0]!r}; it takes {', '.join(sorted(known))}"
            )
        given = {key: value for key, value in extra.items() if value not in (None, "")}
        for key in ("queues", "environment", "host_disk", "retention", "secrets", "tags"):
            given[key] = _mapping(name, key, given.get(key) or {})
        given["approver_groups"] = _groups(name, given.get("approver_groups") or {})
        given["buckets"] = _buckets(name, given.get("buckets") or {})
        given["storage"] = _network(name, given.get("storage") or {})
        settings = cls(name=name, **given)
        settings._check()
        return settings

    @property
    def here(self) -> bool:
        """Whether the cloud is on this machine, as an embedded one is."""
        return urlsplit(self.endpoint_url or "").hostname in LOOPBACK

    def queue(self, capacity: str, resources: Resources | None = None, disk: int = 0) -> str:
        """The job queue for a kind of capacity or a pool; the other capacity's if the connection names one alone.

        :param capacity: ``spot`` or ``on_demand``; a pool may have a queue for it, such as ``gpu_on_demand``.
        :param resources: what is asked for besides; its pool goes before the capacity.
        :param disk: bytes that an attempt asks for, where that is more than the step says.
        :raises ConnectionProblem: if the connection has no such pool, or no hosts with so much disk.
        """
        pool = self.pool(resources) if resources else ""
        if pool and pool not in self.queues and f"{pool}_{capacity}" not in self.queues:
            raise ConnectionProblem(
                f"connection {self.name!r} has no queue for the pool {pool!r}, only {', '.join(sorted(self.queues))}; "
                f'add "{pool}" to its `queues`, or name another `pool` in the step\'s resources'
            )
        names = (f"{pool}_{capacity}", pool) if pool else (capacity, *CAPACITIES)
        name = next(name for name in names if name in self.queues)
        return self.queues[self._with_room(name, capacity, resources, disk) if resources else name]

    def _with_room(self, name: str, capacity: str, resources: Resources, disk: int) -> str:
        """The queue, or another one of its capacity whose hosts have the disk that is asked for."""
        alike = () if self.pool(resources) else (each for each in self.queues if each.startswith(f"{capacity}_"))
        rooms, needed = read_host_disks(self.host_disk), max(disk, resources.disk)
        try:
            return queue_with_room(name, rooms, needed, resources.disk, iter(alike))
        except TooLargeError as error:
            raise ConnectionProblem(f"connection {self.name!r}: the step {error}") from error

    def pool(self, resources: Resources) -> str:
        """The pool that is asked for; empty for none."""
        return resources.pool or (GPU_POOL if resources.gpus and GPU_POOL in self.queues else "")

    def platform_for(self, resources: Resources) -> str:
        """Where jobs run: on Fargate in the pool of that name, else where the connection says."""
        return "FARGATE" if self.pool(resources) == FARGATE_POOL else self.platform

    def variables(self) -> dict[str, str]:
        """Plain variables of every container."""
        told = {BUCKETS_VARIABLE: json.dumps(self.buckets, sort_keys=True)} if self.buckets else {}
        return {**self.environment, **told}

    def share(self, pipeline: str, owner: str) -> str:
        """Whose share a job takes; empty for nobody's.

        :param pipeline: its name.
        :param owner: as the spec names it.
        """
        return {"pipeline": pipeline, "owner": owner}.get(self.fair_share, "")

    def roots(self) -> dict[str, str]:
        """``data_root`` and ``workspace_root``.

        :raises ConnectionProblem: if the connection says neither where they are nor a bucket.
        """
        given = {"data_root": self.data_root, "workspace_root": self.workspace_root}
        for key, folder in (("data_root", "data"), ("workspace_root", "workspaces")):
            if not given[key] and not self.bucket:
                raise ConnectionProblem(
                    f"connection {self.name!r} does not say where {key} is; "
                    f"add {key!r} (s3:// URL or folder) or 'bucket' to its extras, or set PLATERUNNER_{key.upper()}"
                )
            given[key] = given[key] or f"s3://{self.bucket}/{folder}"
        return given

    def _check(self) -> None:
        for problem in self._problems():
            raise ConnectionProblem(f"connection {self.name!r}: {problem}")

    def _problems(self) -> Iterator[str]:
        """What is wrong, each with its remedy."""
        yield from _queue_problems(self.queues)
        if self.upload_queue and not self.upload_queue.startswith(("https://", "http://")):
            yield (
                f"upload_queue {self.upload_queue!r} is no URL; give the queue's, like "
                "https://sqs.eu-west-1.amazonaws.com/123456789012/platerunner-arrivals"
            )
        if self.grafana and not self.grafana.startswith(("https://", "http://")):
            yield f"grafana {self.grafana!r} is no URL; give the one that people open, like https://grafana.lab.example"
        for name in sorted(name for name, arn in self.secrets.items() if not arn.startswith("arn:")):
            # The value may be a secret itself, so the message leaves it out.
            yield (
                f"secret {name!r} is no ARN; store it in Secrets Manager or as an SSM parameter, and give the ARN "
                "(arn:...) of that"
            )
        yield from retention_problems(self.retention)
        yield from host_disk_problems(self.host_disk, self.queues)
        yield from _tag_problems(self.tags)
        yield from _switch_problems(shell=self.shell)
        if self.platform not in PLATFORMS:
            yield f"platform {self.platform!r} is neither EC2 nor FARGATE; leave it empty for EC2"
        if self.on_clear not in get_args(OnClear):
            yield f"on_clear {self.on_clear!r} is neither terminate nor adopt; leave it empty for terminate"
        if self.fair_share not in get_args(FairShare):
            yield f"fair_share {self.fair_share!r} is neither pipeline, owner nor none; leave it empty for none"
        if self.policy not in get_args(Policy):
            yield f"policy {self.policy!r} is neither approved_only nor any; leave it empty for any"


def _queue_problems(queues: Mapping[str, str]) -> Iterator[str]:
    if not queues:
        yield 'it names no job queue; add {"queues": {"spot": "<queue>", "on_demand": "<queue>"}} to its extras'
    elif not set(CAPACITIES) & set(queues):
        known = ", ".join(map(repr, sorted(queues)))
        yield f"it names queues for the pools {known} alone; name one spot or on_demand, for steps without a pool"
    for name in sorted(name for name in queues if not _POOL.fullmatch(name)):
        yield f"queue {name!r} has no name for a pool; write small letters, digits and _, as in spot or gpu"


def _switch_problems(**switches: object) -> Iterator[str]:
    for name, value in switches.items():
        if not isinstance(value, bool):
            yield f"{name} {value!r} is neither true nor false; leave it empty for false"


def _tag_problems(tags: Mapping[str, str]) -> Iterator[str]:
    remedy = "use letters, digits, spaces and _ . : / = + - @"
    yield from (f"AWS takes no tag {name!r}: {why}; {remedy}" for name in tags if (why := name_objection(name, OF_AWS)))
    told = ((name, value_objection(value)) for name, value in tags.items())
    yield from (f"AWS takes no such value of the tag {name!r}: {why}; {remedy}" for name, why in told if why)
    if len(tags) > MOST - OWN_TAGS:
        yield f"it has {len(tags)} tags; leave {MOST - OWN_TAGS}: AWS takes {MOST}, and {OWN_TAGS} are Platerunner's"


def _mapping(name: str, key: str, value: Any) -> dict[str, str]:
    """A mapping of texts, without the empty ones."""
    remedy = f'connection {name!r}: extra {key!r} must be a JSON object of texts, like {{"name": "value"}}'
    return {str(k): v for k, v in _object(value, lambda text: isinstance(text, str), remedy).items() if v}


def _buckets(name: str, value: Any) -> dict[str, Mapping[str, str]]:
    """Buckets with how they are reached."""
    remedy = (
        f"connection {name!r}: extra 'buckets' must be a JSON object of objects, "
        'like {"cellpainting-gallery": {"access": "anonymous", "region": "us-east-1"}}'
    )
    found = dict(_object(value, lambda each: isinstance(each, dict), remedy))
    try:
        check_buckets(found)
    except BucketsError as error:
        raise ConnectionProblem(f"connection {name!r}: {error}") from error
    return found


def _groups(name: str, value: Any) -> dict[str, list[str]]:
    """Groups with their users."""
    remedy = (
        f"connection {name!r}: extra 'approver_groups' must be a JSON object of lists of users, "
        'like {"imaging-leads": ["ada"]}'
    )
    return {str(group): list(users) for group, users in _object(value, _are_texts, remedy).items()}


def _network(name: str, value: Any) -> dict[str, list[str]]:
    """Subnets and security groups of file systems."""
    remedy = (
        f"connection {name!r}: extra 'storage' must be a JSON object of lists, "
        'like {"subnets": ["subnet-0a1b"], "security_groups": ["sg-0c2d"]}'
    )
    found = _object(value, _are_texts, remedy)
    if set(found) - {"subnets", "security_groups"}:
        raise ConnectionProblem(remedy)
    return {key: list(ids) for key, ids in found.items()}


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _object(value: Any, fits: Callable[[Any], bool], remedy: str) -> Mapping[str, Any]:
    """A mapping, from one or from its JSON.

    :param fits: whether a value is of the right form.
    :param remedy: said if anything is not; what was given stays out of it, since it may be a secret.
    :raises ConnectionProblem: with the remedy.
    """
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError:
        raise ConnectionProblem(remedy) from None
    if not isinstance(parsed, Mapping) or not all(map(fits, parsed.values())):
        raise ConnectionProblem(remedy)
    return parsed
