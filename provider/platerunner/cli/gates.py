"""Gates on the command line: what to look at, and the question."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rich.prompt import Prompt

from platerunner.cli.console import out
from platerunner.spec.model import Gate, Pipeline, Step
from platerunner_unit.patterns import Pattern
from platerunner_unit.storage import Storage


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said at a gate."""

    choice: str
    comment: str


class GateKeeper:
    """Answers gates: by ``--approve``, else by asking on the terminal.

    :param approve: gates approved beforehand.
    :param workspace: the pipeline's, where the pictures are.
    """

    def __init__(self, pipeline: Pipeline, approve: Sequence[str], workspace: Storage) -> None:
        self._pipeline = pipeline
        self._approve = frozenset(approve)
        self._workspace = workspace

    def answer(self, name: str) -> Answer | None:
        """The answer for a gate; None if nobody is there to ask.

        :param name: the gate's.
        """
        gate = self._pipeline.steps[name]
        assert isinstance(gate, Gate)
        self._show(gate)
        if name in self._approve:
            return Answer("Approve", "approved beforehand with --approve")
        if not sys.stdin.isatty():
            return None
        choice = Prompt.ask(gate.title, choices=["approve", "reject"], console=out)
        comment = Prompt.ask("Comment", default="", console=out)
        while choice == "reject" and not comment:
            comment = Prompt.ask("Comment (a rejection needs one)", default="", console=out)
        return Answer(choice.capitalize(), comment)

    def _show(self, gate: Gate) -> None:
        out.print(f"\nGate {gate.name}: {gate.title}", style="bold", markup=False)
        for picture in self._pictures(gate):
            out.print(f"  look at {picture}", markup=False)

    def _pictures(self, gate: Gate) -> list[str]:
        report = self._pipeline.steps.get(f"{gate.name}_report")
        if not isinstance(report, Step):
            return []
        prefix = Pattern.parse(report.outputs["montage"].pattern).literal_prefix
        found = self._workspace.list(prefix)
        return sorted(self._workspace.url_of(obj.key) for obj in found if obj.key.endswith(".png"))
