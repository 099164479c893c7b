"""CPU and memory of what the ledger reads when a step collects: the outcome of each unit, once.

python benchmarks/ledger_rows.py [--units 3000] [--files 45]
"""

import argparse
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from platerunner.engine.ledger.recorder import READERS, Verdicts, find_told
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.manifest import StepTask, UnitTask
from platerunner_unit.contract.outcome import Outcome, OutputRecord
from platerunner_unit.contract.storage import Storage


def outcome(number: int, files: int) -> Outcome:
    """A success with so many inputs and as many outputs."""
    names = [f"P/W{number:05}/P_W{number:05}_s{n // 5}_Channel{n % 5}.tiff" for n in range(files)]
    return Outcome(
        pipeline="bench", run_id="run", step="measure", unit=f"plate=P/well=W{number:05}",
        values={"plate": "P", "well": f"W{number:05}"}, fingerprint=f"{number:032x}", attempt=1,
        verdict=Verdict("succeeded", "All is there."), job_id=f"job:{number}", evidence={"sets_asked": list(range(9))},
        usage={"peak_memory": 2**30, "cpu_s": 50.0},
        outputs=tuple(OutputRecord("made", f"made/{name}", 2_000_000, "e" * 64) for name in names),
        timing={"started": "2026-11-30T10:00:00+00:00", "ended": "2026-11-30T10:01:00+00:00", "tool_s": 50.0},
        ingredients={"inputs": {"images": [["data", f"images/{name}", 2_000_000, "e" * 32] for name in names]}},
    )  # fmt: skip


def main(units: int, files: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Storage(folder)
        store = OutcomeStore(workspace)
        left = []
        for number in range(units):
            each = outcome(number, files)
            store.write(each)
            left.append(UnitTask(each.unit, each.values, each.fingerprint))
        step = StepTask("bench", "run", "measure", 1, "command", "command", {"data": "/data", "workspace": folder})
        verdicts = Verdicts(step, tuple(left), {unit.unit: "succeeded" for unit in left}, store.index("measure"))
        base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start, cpu = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(READERS) as pool:
            told = list(pool.map(lambda unit: find_told(workspace, verdicts, unit, _job(unit)), left))
        spent = 1000 * (time.process_time() - cpu) / units
        more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024
        assert None not in told
        took = time.perf_counter() - start
        print(f"{units} units of {files} files: {took:.1f} s, {spent:.2f} ms of CPU a unit, {more:.0f} MiB")


def _job(unit: UnitTask) -> str:
    return f"job:{int(unit.fingerprint, 16)}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--units", type=int, default=3000)
    parser.add_argument("--files", type=int, default=45)
    main(**vars(parser.parse_args()))
