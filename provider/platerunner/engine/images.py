"""Images by the names that specs use; a problem is reported at the line that asks for the image."""

from typing import TYPE_CHECKING

from platerunner.batch.images import ImageError, resolve
from platerunner.catalog.loader import load_catalog
from platerunner.spec.model import Pipeline

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient


def resolve_named(pipeline: Pipeline, image: str, registry: str, ecr: "ECRClient") -> tuple[str, str | None]:
    """The full reference of an image that a pipeline asks for, with its digest where the registry can tell.

    :param image: as the spec or the catalog has it; see :func:`platerunner.batch.images.resolve` for the rest.
    :raises ImageError: with file and line, if there is no such image.
    """
    try:
        return resolve(image, registry, ecr)
    except ImageError as error:
        error.place = place_of_image(pipeline, image)
        raise


def place_of_image(pipeline: Pipeline, image: str) -> str:
    """File and line of what names an image: a step, an override, the defaults, or the module of a step."""
    for step in pipeline.modules:
        if step.image == image:
            own = ("steps", step.name, "image")
            return pipeline.place(own if own in pipeline.places else ("defaults", "image"))
        for index, override in enumerate(step.overrides):
            if override.image == image:
                return pipeline.place(("steps", step.name, "overrides", index))
    modules = load_catalog()
    users = [step.name for step in pipeline.modules if modules[step.module].image == image]
    return pipeline.place(("steps", users[0], "module") if users else ())
