"""What starts a valid spec's pipeline, and who is told of what, as the frozen model."""

from typing import Any

from platerunner.catalog import quantities
from platerunner.spec import model
from platerunner.spec.draft import Draft

QUIET = "10 min"
AT_LATEST = "6 h"


def build_schedule(data: Any) -> str | model.OnAssets | model.OnUpload | None:
    """What starts the pipeline.

    :param data: the value of ``schedule``.
    """
    if not isinstance(data, dict):
        return data if isinstance(data, str) else None
    if "asset" in data:
        named = data["asset"]
        return model.OnAssets(tuple(named) if isinstance(named, list) else (named,))
    return model.OnUpload(
        data["on_upload"],
        quantities.duration(data.get("quiet", QUIET)),
        quantities.duration(data.get("at_latest", AT_LATEST)),
    )


def build_notify(draft: Draft) -> dict[model.Event, tuple[model.Message, ...]]:
    """What is told, and how, without what nobody is told of."""
    told = draft.data.get("notify", {})
    return {event: tuple(_messages(draft, event, items)) for event, items in told.items() if items}


def _messages(draft: Draft, event: str, items: Any) -> Any:
    for index, item in enumerate(items):
        ((kind, options),) = item.items()
        position = draft.source.mark(("notify", event, index, kind)).key
        options = {"to": options} if isinstance(options, list) else options
        yield model.Message(kind, options, position)
