"""Limits across jobs: as many run at once as there are of what they hold, and none is forgotten."""

from pathlib import Path

import pytest
from tests.embedded import Account, embedded, wait_for

from platerunner.batch.consumables import ensure_limits
from platerunner.batch.definitions import ensure_definition
from platerunner.batch.model import JobSpec


def submit(account: Account, folder: Path, name: str, size: int, *held: str) -> str:
    """An array whose children say that they began, and end when the door is there."""
    script = f"touch {folder}/{name}$AWS_BATCH_JOB_ARRAY_INDEX; until [ -e {folder}/door ]; do sleep 0.05; done"
    spec = JobSpec(name, "base:latest", ("true",), memory=64 * 1024**2, consumables=held)
    definition = ensure_definition(account.batch, spec)
    return account.submit(["sh", "-c", script], jobDefinition=definition, size=size)


@pytest.mark.slow
def test_no_more_jobs_run_than_there_are_licences_and_others_pass_them(tmp_path: Path) -> None:
    with embedded(cores=8, memory=8 * 1024**3) as account:
        ensure_limits(account.batch, {"licences": 2}, {})
        ensure_limits(account.batch, {"licences": 3}, {})  # what the account has holds
        limited = submit(account, tmp_path, "limited", 4, "licences")
        free = submit(account, tmp_path, "free", 2)
        # The free ones were submitted last and run: whatever the machine had room for has begun.
        wait_for(lambda: {path.name for path in tmp_path.glob("free*")} == {"free0", "free1"})
        wait_for(lambda: len(list(tmp_path.glob("limited*"))) == 2)
        counts = account.job(limited)["arrayProperties"]["statusSummary"]
        assert (counts["RUNNABLE"], counts["STARTING"] + counts["RUNNING"]) == (2, 2)
        account.batch.terminate_job(jobId=f"{limited}:2", reason="not wanted")
        (tmp_path / "door").touch()
        assert account.wait(free)["status"] == "SUCCEEDED"
        account.wait(limited)
        counts = account.job(limited)["arrayProperties"]["statusSummary"]
        assert (counts["SUCCEEDED"], counts["FAILED"]) == (3, 1)
