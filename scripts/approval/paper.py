"""The whole paper: what plans make, and the answers that reviews ask for."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from approval.ceiling import cost
from approval.plan import LATER, Plan
from approval.rights import rights
from approval.stores import data, encryption, keeping, network
from approval.text import table
from approval.upkeep import owners, patching

HEAD = f"""\
# What is to be approved

Made by `scripts/approval` from Terraform's plans, and from nothing else: a plan that differs makes another paper.
What AWS gives a thing when it makes it, such as most ARNs, is written as *{LATER}*; the paper of the next plan has it.
"""


def paper(plans: Sequence[Plan]) -> str:
    """The paper of several environments, as Markdown."""
    parts = [line for plan in plans for line in _environment(plan)]
    agreed = (Path(__file__).parent / "agreed.md").read_text()
    return "\n".join([HEAD, *parts, agreed])


def _environment(plan: Plan) -> Iterator[str]:
    yield f"## {plan.name}"
    for section in (_made, rights, network, data, keeping, encryption, patching, cost, owners):
        yield ""
        yield from section(plan)
    yield ""


def _made(plan: Plan) -> Iterator[str]:
    yield f"### {plan.name}: what is made"
    yield ""
    said = ", ".join(f"{len(found)} to {action}" for action, found in sorted(plan.changes.items()))
    yield f"{len(plan.resources)} resources afterwards: {said or 'nothing to do'}."
    for action in ("delete", "replace"):
        for address in plan.changes.get(action, ()):
            yield f"- **{action}** `{address}`"
    yield ""
    kinds = Counter(str(each["type"]).removeprefix("aws_") for each in plan.resources)
    yield from table(("kind", "number"), [(f"`{kind}`", number) for kind, number in sorted(kinds.items())])
