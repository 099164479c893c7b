"""One line that tells how far a step is."""

from platerunner.batch.placement import explain_wait
from platerunner.batch.views import Progress


def progress_line(step: str, progress: Progress, elapsed: float) -> str:
    """E.g. ``measure: 1,204 of 1,500 done, 3 failed, 290 running, 6 waiting for a host, about 12 min left``.

    What AWS Batch says of a blocked queue follows, with who acts.

    :param elapsed: seconds since the watch began, for the estimate.
    """
    counts = progress.counts
    parts = [f"{step}: {progress.done:,} of {progress.total:,} done"]
    waiting = sum(counts.get(word, 0) for word in ("SUBMITTED", "PENDING", "RUNNABLE"))
    running = sum(counts.get(word, 0) for word in ("STARTING", "RUNNING"))
    for number, words in ((progress.failed, "failed"), (running, "running"), (waiting, "waiting for a host")):
        if number:
            parts.append(f"{number:,} {words}")
    if left := _left(progress, elapsed):
        parts.append(left)
    return ". ".join([", ".join(parts), *map(explain_wait, progress.blocked)])


def _left(progress: Progress, elapsed: float) -> str:
    # Below a tenth the estimate would be made of start-up times.
    if progress.done * 10 < progress.total or progress.done == progress.total or elapsed < 30:
        return ""
    seconds = elapsed / progress.done * (progress.total - progress.done)
    return f"about {seconds / 60:.0f} min left" if seconds >= 60 else "less than a minute left"
