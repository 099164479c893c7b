from platerunner.batch.progress_line import progress_line
from platerunner.batch.views import Progress


def line(elapsed: float = 0.0, **counts: int) -> str:
    return progress_line("measure", Progress(sum(counts.values()), counts, {}), elapsed)


def test_what_runs_waits_and_failed_is_counted():
    assert line(SUCCEEDED=1201, FAILED=3, RUNNING=250, STARTING=40, RUNNABLE=6) == (
        "measure: 1,204 of 1,500 done, 3 failed, 290 running, 6 waiting for a host"
    )


def test_an_estimate_comes_once_a_tenth_is_done():
    assert "left" not in line(600, SUCCEEDED=9, RUNNING=91)
    assert line(600, SUCCEEDED=50, RUNNING=50).endswith("about 10 min left")
    assert line(60, SUCCEEDED=90, RUNNING=10).endswith("less than a minute left")
    assert line(60, SUCCEEDED=100) == "measure: 100 of 100 done"


def test_what_batch_says_of_a_blocked_queue_follows():
    progress = Progress(2, {"RUNNABLE": 2}, {}, blocked=("CAPACITY:X - no instance",))
    assert progress_line("measure", progress, 0).startswith(
        "measure: 0 of 2 done, 2 waiting for a host. AWS Batch says: CAPACITY:X - no instance. Nobody has to act"
    )
