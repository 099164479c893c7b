"""Made-up ledgers whose law is known: what they tell of other sizes is near it, whatever else the machines did."""

import random
from dataclasses import dataclass
from statistics import fmean

import pytest

from platerunner.engine.estimates.fit import fit
from platerunner.engine.estimates.samples import Sample
from platerunner.engine.ledger.columns import table

MIB = 1024**2


@dataclass
class Law:
    """What the units of a ledger take: so much each, and so much for a MiB; `waits` is no work of the CPU."""

    draw: random.Random
    waits: bool

    def __post_init__(self) -> None:
        self.fixed, self.per_mib = self.draw.uniform(1, 60), self.draw.uniform(0.5, 30)
        self.threads = self.draw.choice([0.9, 1.0, 3.0])
        runs = self.draw.randint(6, 10)
        self.sizes = [2 ** (run % 3) for run in range(runs)]
        self.loads = [1.0 if self.waits else self.draw.uniform(1, 4) for _ in range(runs)]

    def seconds(self, mib: float) -> float:
        return self.fixed + self.per_mib * mib

    def samples(self) -> list[Sample]:
        return [
            self._sample(str(run), mib, load)
            for run, (mib, load) in enumerate(zip(self.sizes, self.loads, strict=True))
            for _ in range(self.draw.randint(4, 8))
        ]

    def expected(self, samples: list[Sample], mib: float) -> float:
        """At the load that units had on average."""
        return self.seconds(mib) * fmean(self.loads[int(each.run)] for each in samples) + 0.05 * mib

    def _sample(self, run: str, mib: float, load: float) -> Sample:
        work, copying = self.seconds(mib) * self.draw.uniform(0.95, 1.05), 0.05 * mib
        cpu = self.fixed * self.draw.uniform(0.1, 0.4) if self.waits else work * self.threads
        row = {"job": "j", "unit": "u", "run": run, "bytes_in": mib * MIB, "cpu_s": cpu, "stage_in_s": copying}
        return Sample.of(table().fit({**row, "seconds": work * load + copying}))


@pytest.mark.slow
@pytest.mark.parametrize("waits", [False, True], ids=["busy machines", "tools that wait"])
def test_other_sizes_are_told_within_a_fifth(waits):
    far = []
    for seed in range(60):
        law = Law(random.Random(seed), waits)
        samples = law.samples()
        line = fit(samples)
        for mib in (0.5, 3, 8):
            off = line.seconds(mib * MIB) * line.mean / law.expected(samples, mib) - 1
            far += [(seed, mib, round(off, 3))] if abs(off) > 0.2 else []
    assert far == []


def test_where_all_are_of_one_size_a_busy_machine_stretches_the_start_of_the_module_too():
    """4 s of start and 6 s of work, on a machine that takes three seconds for one: twice the work takes 48 s."""
    row = {"job": "j", "unit": "u", "run": "r", "bytes_in": MIB, "cpu_s": 10.0, "seconds": 30.0}
    line = fit([Sample.of(table().fit(row))] * 5, start=4.0)
    assert line.seconds(2 * MIB) * line.mean == pytest.approx(48)


def test_what_runs_differ_by_chance_is_not_multiplied_at_sizes_that_no_run_has_had():
    """Six runs of once and twice the bytes, up to a tenth faster or slower as a whole, of a tool that only starts."""
    off = [abs(chance(random.Random(seed)) - 1) for seed in range(60)]
    assert max(off) < 0.2
    assert fmean(off) < 0.035, "half of what the line alone is off"


def chance(draw: random.Random) -> float:
    """The estimate for four times the bytes, as a share of the 10 s that it takes."""
    samples = []
    for run in range(6):
        luck, mib = draw.uniform(0.9, 1.1), 1 + run % 2
        for _ in range(6):
            cpu = 10 * luck * draw.uniform(0.97, 1.03)
            row = {"job": "j", "unit": "u", "run": str(run), "bytes_in": mib * MIB, "cpu_s": cpu, "seconds": cpu}
            samples.append(Sample.of(table().fit(row)))
    line = fit(samples)
    return line.seconds(4 * MIB) * line.mean / 10
