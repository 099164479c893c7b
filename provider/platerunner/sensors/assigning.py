"""The approvers of a gate as Airflow can assign them."""

from collections.abc import Sequence

from airflow.configuration import conf
from airflow.sdk.execution_time.hitl import HITLUser


def assign_users(users: Sequence[str]) -> list[HITLUser]:
    """Users as Airflow can assign them, so that its form refuses others already.

    Airflow compares user ids. They are names with the simple auth manager, numbers with FAB; where names cannot be
    compared, the sensor itself checks the answer.

    :param users: names and ids.
    """
    simple = str(conf.get("core", "auth_manager", fallback="")).endswith("SimpleAuthManager")
    if simple or all(user.isdigit() for user in users):
        return [HITLUser(id=user, name=user) for user in users]
    return []
