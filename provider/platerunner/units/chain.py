"""What a step will have as input once the steps before it have run as planned."""

from collections.abc import Iterator

from platerunner.spec.model import Output, Step
from platerunner.units.available import Available, from_step
from platerunner.units.current import Current
from platerunner.units.model import StepPlan, UnitState
from platerunner_unit.manifest import InputFile, UnitTask
from platerunner_unit.storage import Storage


def from_plan(upstream: Step, output: Output, workspace: Storage, plan: StepPlan) -> Available:
    """The files that done units have written, and those that the others will write.

    :param upstream: the step that writes them.
    :param output: of that step.
    :param plan: of that step.
    """
    written = from_step(upstream, output, workspace, Current.of(upstream.foreach, plan.tasks(UnitState.DONE)))
    pending = [file for task in plan.tasks(UnitState.PENDING) for file in _will_write(task, output.name)]
    waiting = [file for task in plan.tasks(UnitState.WAITING) for file in _will_write(task, output.name)]
    return Available(
        written.ref,
        written.pattern,
        [*written.files, *pending, *waiting],
        written.listed,
        promised=dict.fromkeys((file.key for file in pending), upstream.name),
        awaited=dict.fromkeys((file.key for file in waiting), upstream.name),
        notes=written.notes,
    )


def _will_write(task: UnitTask, output: str) -> Iterator[InputFile]:
    for file in task.outputs.get(output, ()):
        yield InputFile(file.key, "workspace", values=file.values)
    if output in task.open_outputs:
        yield InputFile(task.open_outputs[output].pattern, "workspace", values=task.values)
