"""The hook that all triggers of a connection share."""

import asyncio
from collections.abc import Callable

from asgiref.sync import sync_to_async

from platerunner.hooks.platerunner import PlaterunnerHook

_hooks: dict[tuple[str, ...], PlaterunnerHook] = {}


async def prepared(conn_id: str) -> PlaterunnerHook:
    """The hook, ready to make clients.

    A connection of the metadata database is fetched over the triggerer's own socket, which only asgiref's threads may
    use: so here, not in the threads of pollers. A session costs a megabyte and half a second: so once, not per trigger.

    :param conn_id: connection of type ``platerunner``.
    :raises ConnectionProblem: if there is no such connection or it cannot be used.
    """
    hook = PlaterunnerHook(conn_id)
    await in_thread(lambda: hook.settings)
    shared = _hooks.setdefault(key_of(hook), hook)
    await in_thread(lambda: shared.session)
    return shared


async def in_thread(call: Callable[[], object]) -> None:
    """Wait for asgiref's thread, without losing the message of a cancellation, as asgiref itself does.

    By it Airflow 3.3 tells a kill from a shutdown; and a busy triggerer takes many seconds for its first connection.
    """
    await asyncio.shield(asyncio.ensure_future(sync_to_async(call)()))


def key_of(hook: PlaterunnerHook) -> tuple[str, ...]:
    """What two connections have in common that reach the same AWS in the same way."""
    settings = hook.settings
    return hook.conn_id, settings.endpoint_url or "", settings.region or "", settings.aws_conn_id or ""
