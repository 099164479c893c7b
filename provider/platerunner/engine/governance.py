"""Which modules and images a connection lets run: its `policy`, and what the catalog says of each."""

from collections.abc import Iterable, Iterator, Mapping

from platerunner.batch.image_catalog import standing_of
from platerunner.catalog.model import Module, Standing
from platerunner.engine.connection import APPROVED_ONLY, ConnectionProblem
from platerunner.spec.steps import Step


def unapproved(policy: str, steps: Iterable[Step], modules: Mapping[str, Module]) -> Iterator[str]:
    """A sentence for each module and each image that steps or their overrides name and the policy does not let run.

    The image that a module has by itself stands and falls with the module.

    :param policy: of the connection.
    :param modules: the catalog.
    """
    if policy != APPROVED_ONLY:
        return
    for step in steps:
        for name in dict.fromkeys([step.module, *(each.module for each in step.overrides if each.module)]):
            yield from _refused(step.name, name, modules[name].standing, "modules")
        for image in dict.fromkeys([step.image, *(each.image for each in step.overrides)]):
            if image:
                yield from _refused(step.name, image, standing_of(image), "images")


def _refused(step: str, name: str, standing: Standing | None, kind: str) -> Iterator[str]:
    if standing is not None and standing.status == "approved":
        return
    remedy = "have it approved in the catalog"
    if standing is not None and (standing.replaced_by or standing.owner):
        remedy = f"use `{standing.replaced_by}`" if standing.replaced_by else f"{remedy}, by {standing.owner}"
    status = _said(standing.status) if standing is not None else "not in the catalog"
    yield (
        f"{step}: the connection runs approved {kind} only, and `{name}` is {status}; "
        f"{remedy}, or take `policy` out of the connection"
    )


def _said(status: str) -> str:
    return "on trial" if status == "trial" else status


def refuse_unapproved(policy: str, step: Step, modules: Mapping[str, Module]) -> None:
    """Refuse to start a step that the policy does not let run.

    :raises ConnectionProblem: with a sentence for each module.
    """
    if found := list(unapproved(policy, [step], modules)):
        raise ConnectionProblem(". ".join(found))
