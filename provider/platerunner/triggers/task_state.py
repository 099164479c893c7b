"""What has become of a task, asked from another process of Airflow's."""

from airflow.utils.state import State, TaskInstanceState

DELETED = "deleted"


def waits(dag_id: str, task_id: str, run_id: str, map_index: int) -> bool:
    """Whether the task is deferred."""
    return _state(dag_id, task_id, run_id, map_index) == TaskInstanceState.DEFERRED


def is_over(dag_id: str, task_id: str, run_id: str, map_index: int) -> bool:
    """Whether the task has ended and will not go on by itself, or was deleted.

    :param map_index: -1 for a task that is not mapped.
    """
    state = _state(dag_id, task_id, run_id, map_index)
    return state == DELETED or state in State.finished


def ends(dag_id: str, task_id: str, run_id: str) -> dict[int, str]:
    """The states of a task in a run, by map index; -1 for a task that is not mapped, or not yet."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance  # slow, and no DAG file needs it

    states = RuntimeTaskInstance.get_task_states(dag_id=dag_id, task_ids=[task_id], run_ids=[run_id])
    suffixes = {name.removeprefix(task_id): state for name, state in states.get(run_id, {}).items()}
    return {int(suffix.lstrip("_") or -1): str(state) for suffix, state in suffixes.items()}


def _state(dag_id: str, task_id: str, run_id: str, map_index: int) -> str | None:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance  # slow, and no DAG file needs it

    states = RuntimeTaskInstance.get_task_states(
        dag_id=dag_id, task_ids=[task_id], run_ids=[run_id], map_index=map_index
    )
    name = task_id if map_index < 0 else f"{task_id}_{map_index}"  # as Airflow's execution API names them
    state: str | None = states.get(run_id, {}).get(name, DELETED)
    return state
