"""The approval paper of environments, from their plans.   python -m approval NAME=PLAN.json ... [--diff PAPER.md]

A plan's JSON is what `terraform show -json plan` prints. With ``--diff`` the change against an approved paper is
printed instead, and 1 says that there is one.
"""

import argparse
import difflib
import json
import sys
from pathlib import Path

from approval.paper import paper
from approval.plan import Plan, PlanError


def main() -> int:
    """Print the paper, or its difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plans", nargs="+", metavar="NAME=PLAN.json")
    parser.add_argument("--diff", type=Path, metavar="PAPER.md", help="the paper that was approved")
    given = parser.parse_args()
    try:
        text = paper([_read(each) for each in given.plans])
    except (PlanError, OSError, ValueError) as error:
        print(f"approval: {error}", file=sys.stderr)
        return 2
    if given.diff is None:
        print(text, end="")
        return 0
    approved = given.diff.read_text() if given.diff.exists() else ""
    changes = list(
        difflib.unified_diff(approved.splitlines(), text.splitlines(), "approved", "planned", lineterm="", n=1)
    )
    print("\n".join(changes) or "The paper is as it was approved.")
    return 1 if changes else 0


def _read(text: str) -> Plan:
    name, equals, path = text.partition("=")
    if not equals:
        raise PlanError(f"{text}: write NAME=PLAN.json")
    raw = json.loads(Path(path).read_text())
    if "planned_values" not in raw:
        raise PlanError(f"{path} is no plan: make it by `terraform show -json plan >{path}`")
    return Plan(name, raw)


if __name__ == "__main__":
    sys.exit(main())
