"""What a run is given from outside: params, roots and its own name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.options import RunOptions
from platerunner.spec.templates import contains_template, render


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run is given.

    :param params: the trigger form's values.
    :param data_root: URL or folder.
    :param workspace_root: URL or folder.
    :param run_id: of the DAG run; empty outside a run.
    :param logical_date: of the DAG run, ISO 8601; empty outside a run.
    :param options: what a person asks of this run alone; templates do not see it.
    :param branch: the one that a step of it belongs to, in a pipeline with ``split``.
    """

    params: Mapping[str, Any]
    data_root: str
    workspace_root: str
    run_id: str = ""
    logical_date: str = ""
    options: RunOptions = field(default_factory=RunOptions)
    branch: Branch | None = None

    def where(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Which files of the dataset count: those that the spec asks for, and of these the branch's.

        :param asked: the dataset's ``where``, with templates.
        """
        own = {self.branch.wildcard: [self.branch.value]} if self.branch else {}
        return {**render(asked, self.templates()), **own}

    def is_typed(self, asked: Any, defaults: Mapping[str, Any]) -> bool:
        """Whether a person chose a value of ``where``: with the params' defaults it would be another one.

        :param asked: with templates.
        :param defaults: of the params, as far as they have any.
        """
        if not contains_template(asked):
            return False
        usual = {**self.templates(), "params": {**self.params, **defaults}}
        return bool(render(asked, self.templates()) != render(asked, usual))

    def templates(self) -> dict[str, Any]:
        """The names that templates see."""
        return {
            "params": dict(self.params),
            "data_root": self.data_root,
            "workspace_root": self.workspace_root,
            "run_id": self.run_id,
            "logical_date": self.logical_date,
        }
