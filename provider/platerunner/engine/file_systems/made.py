"""What AWS's two services of file systems have in common here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

MARK = "platerunner:storage"
"""Tag of each file system that a run has made; its value is the run's token."""
WORKSPACE, RUN, PIPELINE = "platerunner:workspace", "platerunner:run", "platerunner:pipeline"
"""Tags that say whose it is, for people and for who deletes what a run has left."""
TAG_LETTERS = 256
"""That AWS takes of a tag's value."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file system that a run has made.

    :param id: AWS's.
    :param since: when it was made.
    :param tags: all of them.
    :param state: in AWS's word, in small letters; empty where AWS does not say.
    :param why: what AWS says of one that failed.
    :param name: under which its clients mount it, besides its id; FSx alone.
    :param size: bytes that are paid for (FSx), or that are in it as AWS last counted (EFS); None if not told.
    """

    id: str
    since: datetime
    tags: Mapping[str, str]
    state: str = ""
    why: str = ""
    name: str = ""
    size: int | None = None

    @property
    def token(self) -> str:
        """Of the run that made it; empty for one that no run made."""
        return self.tags.get(MARK, "")

    @property
    def hours(self) -> float:
        """Its age."""
        return (datetime.now(UTC) - self.since).total_seconds() / 3600


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made.

    :param token: of the run; asking twice with it makes one file system.
    :param capacity: GiB; EFS grows by itself.
    :param data: ``s3://bucket/prefix`` whose files come through it.
    :param subnets: where it is reached from, one a zone.
    :param security_groups: of its network interfaces.
    :param tags: with :data:`MARK`.
    """

    token: str
    capacity: int
    data: str
    subnets: Sequence[str]
    security_groups: Sequence[str]
    tags: Mapping[str, str]

    @property
    def tag_list(self) -> list[dict[str, str]]:
        """The tags as AWS takes them."""
        return [{"Key": key, "Value": value} for key, value in self.tags.items()]


class Service(Protocol):
    """One of AWS's services of file systems."""

    kind: str

    def all(self) -> Iterator[Made]:
        """Those that runs have made and that are not going away yet."""
        ...

    def make(self, order: Order) -> None:
        """Begin to make one."""
        ...

    def prepare(self, made: Made, order: Order) -> str | None:
        """Bring one nearer to being mounted; what a job mounts, or None while AWS is at work."""
        ...

    def end(self, made: Made) -> bool:
        """Delete one, or what stands in the way of that; whether it goes away by itself now."""
        ...


def tags_of(described: Mapping[str, Any]) -> dict[str, str]:
    """The tags of what AWS describes."""
    return {tag["Key"]: tag["Value"] for tag in described.get("Tags", ())}
