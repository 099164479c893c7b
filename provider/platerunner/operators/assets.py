"""What a success tells of the assets that it updates: an event each, or one for each plate, which is its key."""

import logging
from collections.abc import Callable, Iterable, Sequence

from airflow.sdk import Asset, BaseOperator, Context

from platerunner.spec.steps import StepAsset
from platerunner_unit.contract.words import and_more

GROUP = "platerunner"
LONGEST_KEY = 250
"""Letters that Airflow's database has room for."""
SHOWN = 10
log = logging.getLogger(__name__)


def is_uri(name: str) -> bool:
    """Whether an asset is named by its URI."""
    return "://" in name


def outlet_of(asset: StepAsset) -> Asset:
    """An asset as Airflow has it."""
    return Asset(uri=asset.name) if is_uri(asset.name) else Asset(name=asset.name, group=GROUP)


def can_have_keys() -> bool:
    """Whether this Airflow lets a task say the keys of its events; 3.2 has keys of whole runs alone."""
    from airflow.sdk.execution_time.context import OutletEventAccessor  # few pipelines have keys

    return hasattr(OutletEventAccessor, "add_partitions")


def add_keys(
    operator: BaseOperator, context: Context, assets: Iterable[StepAsset], values: Callable[[str], Sequence[str]]
) -> None:
    """Let the events have their keys. An asset whose events would have some, and have none, is not updated.

    :param operator: this try's own copy of the task.
    :param values: wildcard or param to the values that the task has succeeded for.
    """
    for asset in assets:
        if not asset.by:
            continue
        keys = _usable(values(asset.by), asset.name)
        if keys:
            context["outlet_events"][outlet_of(asset)].add_partitions(keys)
            shown = ", ".join(keys[:SHOWN]) + and_more(len(keys) - SHOWN)
            log.info("%s is updated for %s %s", asset.name, asset.by, shown)
        else:
            operator.outlets = [each for each in operator.outlets if each != outlet_of(asset)]
            log.info("%s is not updated: nothing is done of any %s", asset.name, asset.by)


def update_nothing(operator: BaseOperator) -> None:
    """Let what follows sleep: a dry run makes nothing.

    :param operator: this try's own copy of the task.
    """
    operator.outlets = []


def _usable(values: Sequence[str], asset: str) -> list[str]:
    keys = [value for value in values if value.strip() and len(value) <= LONGEST_KEY]
    for value in values:
        if value.strip() and value not in keys:
            said = "%s gets no event for %s...: Airflow takes keys of at most %d letters"
            log.warning(said, asset, value[:80], LONGEST_KEY)
    return keys
