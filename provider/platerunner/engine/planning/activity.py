"""Steps that a run leaves out because their condition does not hold, or that of a step before them."""

from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import placed, stands_at
from platerunner.spec.model import Pipeline, Step
from platerunner.spec.templates import truthy


def holds(step: Step, context: RunContext) -> bool:
    """Whether a step's own condition holds.

    :raises platerunner.spec.templates.TemplateProblem: if it cannot be evaluated.
    """
    with stands_at("steps", step.name, "when"):
        return step.when is None or truthy(step.when, context.templates())


def left_out(pipeline: Pipeline, context: RunContext) -> dict[str, str]:
    """Steps and gates that do not run, each with the step whose condition does not hold."""
    found: dict[str, str] = {}
    for step in pipeline.steps.values():
        before = next((found[name] for name in step.upstream if name in found), None)
        with placed(pipeline):
            if isinstance(step, Step) and not holds(step, context):
                before = step.name
        if before is not None:
            found[step.name] = before
    return found
