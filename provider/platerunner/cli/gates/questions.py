"""Gates on the command line: what to look at, and the question."""

import sys
from collections.abc import Sequence

from rich.prompt import Prompt

from platerunner.cli.console import out
from platerunner.engine.gates.answers import Answer
from platerunner.engine.gates.budget_run import read_estimate
from platerunner.engine.planning.available import from_workspace_pattern, of_branch
from platerunner.engine.planning.branch import Branch
from platerunner.engine.records.branches import load_branches
from platerunner.spec.model import Pipeline
from platerunner.spec.rules.steps import report_name
from platerunner.spec.steps import Gate, Step
from platerunner_unit.contract.storage import Storage


class GateKeeper:
    """Answers gates: by ``--approve``, else by asking on the terminal.

    :param approve: gates approved beforehand.
    :param workspace: the pipeline's, where the pictures are, and which branches the run has.
    """

    def __init__(self, pipeline: Pipeline, approve: Sequence[str], workspace: Storage, run_id: str) -> None:
        self._pipeline = pipeline
        self._approve = frozenset(approve)
        self._workspace = workspace
        self._run_id = run_id

    def branch(self, index: int) -> Branch | None:
        """The branch with a map index; None for -1, which is no branch's."""
        branches = load_branches(self._workspace, self._run_id) if index >= 0 else ()
        return branches[index] if 0 <= index < len(branches) else None

    def asks(self, name: str) -> bool:
        """Whether somebody is there to answer a gate."""
        return name not in self._approve and sys.stdin.isatty()

    def answer(self, name: str, index: int = -1) -> Answer | None:
        """The answer for a gate; None if nobody is there to ask.

        :param name: the gate's.
        :param index: map index of the branch that it asks about.
        """
        gate = self._pipeline.steps[name]
        assert isinstance(gate, Gate)
        self._show(gate, self.branch(index))
        if name in self._approve:
            return Answer("Approve", "approved beforehand with --approve")
        if not self.asks(name):
            return None
        choice = Prompt.ask(gate.title, choices=["approve", "reject"], console=out)
        comment = Prompt.ask("Comment", default="", console=out)
        while choice == "reject" and not comment:
            comment = Prompt.ask("Comment (a rejection needs one)", default="", console=out)
        return Answer(choice.capitalize(), comment)

    def _show(self, gate: Gate, branch: Branch | None) -> None:
        place = f"{gate.name} of {branch.key}" if branch else gate.name
        out.print(f"\nGate {place}: {gate.title}", style="bold", markup=False)
        if gate.budget is not None:
            for line in read_estimate(self._workspace, self._run_id):
                out.print(f"  {line}", markup=False)
        for picture in self._pictures(gate, branch):
            out.print(f"  look at {picture}", markup=False)

    def _pictures(self, gate: Gate, branch: Branch | None) -> list[str]:
        report = self._pipeline.steps.get(report_name(gate.name))
        if not isinstance(report, Step):
            return []
        sheets = from_workspace_pattern(report.outputs["montage"].pattern, self._workspace, branch)
        return sorted(self._workspace.url_of(file.key) for file in of_branch(sheets, branch).files)
