"""What a connection of type `platerunner` says: where jobs run, where logs and results go."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, get_args

CAPACITIES = ("spot", "on_demand")
PLATFORMS = ("EC2", "FARGATE")
OnClear = Literal["terminate", "adopt"]
FairShare = Literal["none", "pipeline", "owner"]
DEFAULT_LOG_GROUP = "/aws/batch/job"


class ConnectionProblem(Exception):  # noqa: N818  (it is named for what a person reads)
    """A connection that cannot be used; the message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """The extras of a connection, checked.

    :param name: connection id, for messages.
    :param queues: ``spot`` and ``on_demand`` to the name or ARN of a job queue; one of them is enough.
    :param registry: host and prefix before an image's name, e.g. ``1234.dkr.ecr.eu-west-1.amazonaws.com/platerunner``.
    :param region: AWS region; None for the environment's.
    :param log_group: CloudWatch log group of the jobs.
    :param job_role: ARN of the role that containers run as.
    :param execution_role: ARN of the role that pulls images and writes logs; needed on Fargate.
    :param upload_queue: URL of the SQS queue in which S3's events arrive, for pipelines that start after an upload.
    :param bucket: where data and workspaces are unless the roots say otherwise.
    :param data_root: URL or folder that specs call ``data_root``.
    :param workspace_root: URL or folder that specs call ``workspace_root``.
    :param platform: ``EC2`` or ``FARGATE``.
    :param aws_conn_id: Airflow connection with AWS credentials; None for the environment's chain.
    :param endpoint_url: of an AWS that is not Amazon's, such as the embedded cloud; None for the environment's.
    :param on_clear: what becomes of running jobs when somebody clears or marks their task: ``terminate`` them, or let
        the next try ``adopt`` them.
    :param fair_share: in whose name jobs take their place in a queue that has a scheduling policy: the ``pipeline``'s
        or the ``owner``'s; ``none`` if the queues have no policy.
    :param environment: plain variables for every container, never secrets.
    :param secrets: for every container, variable to ARN of a Secrets Manager secret or SSM parameter: by reference.
    :param tags: cost tags for definitions and jobs.
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
    platform: str = "EC2"
    aws_conn_id: str | None = None
    endpoint_url: str | None = None
    on_clear: OnClear = "terminate"
    fair_share: FairShare = "none"
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    approver_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)

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
        for key in ("queues", "environment", "secrets", "tags"):
            given[key] = _mapping(name, key, given.get(key) or {})
        given["approver_groups"] = _groups(name, given.get("approver_groups") or {})
        settings = cls(name=name, **given)
        settings._check()
        return settings

    def queue(self, capacity: str) -> str:
        """The job queue for a kind of capacity; the other one if the connection names one alone.

        :param capacity: ``spot`` or ``on_demand``.
        """
        return self.queues.get(capacity) or next(iter(self.queues.values()))

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
        if not self.queues:
            yield 'it names no job queue; add {"queues": {"spot": "<queue>", "on_demand": "<queue>"}} to its extras'
        for name in sorted(set(self.queues) - set(CAPACITIES)):
            yield f"queue {name!r} is of no known capacity; name it spot or on_demand"
        if self.upload_queue and not self.upload_queue.startswith(("https://", "http://")):
            yield (
                f"upload_queue {self.upload_queue!r} is no URL; give the queue's, like "
                "https://sqs.eu-west-1.amazonaws.com/123456789012/platerunner-arrivals"
            )
        for name in sorted(name for name, arn in self.secrets.items() if not arn.startswith("arn:")):
            # The value may be a secret itself, so the message leaves it out.
            yield (
                f"secret {name!r} is no ARN; store it in Secrets Manager or as an SSM parameter, and give the ARN "
                "(arn:...) of that"
            )
        if self.platform not in PLATFORMS:
            yield f"platform {self.platform!r} is neither EC2 nor FARGATE; leave it empty for EC2"
        if self.on_clear not in get_args(OnClear):
            yield f"on_clear {self.on_clear!r} is neither terminate nor adopt; leave it empty for terminate"
        if self.fair_share not in get_args(FairShare):
            yield f"fair_share {self.fair_share!r} is neither pipeline, owner nor none; leave it empty for none"


def _mapping(name: str, key: str, value: Any) -> dict[str, str]:
    """A mapping of texts, without the empty ones."""
    remedy = f'connection {name!r}: extra {key!r} must be a JSON object of texts, like {{"name": "value"}}'
    return {str(k): v for k, v in _object(value, lambda text: isinstance(text, str), remedy).items() if v}


def _groups(name: str, value: Any) -> dict[str, list[str]]:
    """Groups with their users."""
    remedy = (
        f"connection {name!r}: extra 'approver_groups' must be a JSON object of lists of users, "
        'like {"imaging-leads": ["ada"]}'
    )
    return {str(group): list(users) for group, users in _object(value, _are_texts, remedy).items()}


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
