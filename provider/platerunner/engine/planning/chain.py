"""What a step will have as input once the steps before it have run as planned."""

from collections.abc import Iterator
from dataclasses import replace

from platerunner.engine.planning.available import Available, from_step
from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.records.done import Current
from platerunner.spec.model import Output, Step
from platerunner_unit.contract.manifest import InputFile, UnitTask
from platerunner_unit.contract.storage import Storage


def from_plan(
    upstream: Step, output: Output, workspace: Storage, plan: StepPlan, branch: Branch | None = None
) -> Available:
    """The files that done units have written, and those that the others will write.

    :param upstream: the step that writes them.
    :param output: of that step.
    :param plan: of that step.
    :param branch: whose files alone matter; None for all.
    """
    current = Current.of(upstream.foreach, plan.tasks(UnitState.DONE), plan.tasks(UnitState.WAITING))
    known = from_step(upstream, output, workspace, current, branch)
    pending = [file for task in plan.tasks(UnitState.PENDING) for file in _will_write(task, output.name)]
    promised = dict.fromkeys((file.key for file in pending), upstream.name)
    return replace(known, files=known.files.plus(pending), promised=promised)


def _will_write(task: UnitTask, output: str) -> Iterator[InputFile]:
    for file in task.outputs.get(output, ()):
        yield InputFile(file.key, "workspace", values=file.values)
    if output in task.open_outputs:
        yield InputFile(task.open_outputs[output].pattern, "workspace", values=task.values)
