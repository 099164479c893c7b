"""What a gate asks, as data: an XCom of its task, for pages, the command line and notifiers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

APPROVE, REJECT = "Approve", "Reject"
"""The two answers, as Airflow's form shows them."""

ASKED_KEY = "platerunner_gate"
"""XCom of a gate's task from the moment it asks."""
OPERATOR = "QCApprovalSensor"
"""The operator of a gate's task, as Airflow names it."""
WAITING = ("awaiting_input", "deferred")
"""States of a task that waits for an answer: in Airflow 3.3, and before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a person.

    :param pipeline: its name, which is the DAG's id.
    :param branch: that the gate asks about, such as ``plate=P1``; empty without a split.
    :param workspace: URL or folder.
    :param connection: id of the connection that reaches it.
    :param fingerprint: of the gated files.
    :param files: how many they are.
    :param subject: what they are: ``file``, or ``unit`` where a budget asks about what would run.
    :param approvers: who may decide, groups taken apart; empty for everybody who may answer in Airflow.
    :param pictures: keys in the workspace of what people look at.
    :param links: where a person opens them, one per key.
    :param numbers: of the report, by dotted name.
    :param checks: ``name``, ``value``, ``bounds`` and ``light`` of each.
    :param at: when it was asked, ISO 8601, UTC.
    """

    pipeline: str
    gate: str
    title: str
    run_id: str
    workspace: str
    connection: str
    fingerprint: str
    files: int
    at: str
    branch: str = ""
    approvers: Sequence[str] = ()
    pictures: Sequence[str] = ()
    links: Sequence[str] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    checks: Sequence[Mapping[str, Any]] = ()
    subject: str = "file"

    def to_xcom(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_xcom(cls, raw: Mapping[str, Any]) -> Self:
        """Read it again; fields of a newer version are left out."""
        return cls(**{name: raw[name] for name in cls.__dataclass_fields__ if name in raw})
