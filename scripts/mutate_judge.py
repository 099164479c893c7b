"""Change the judge's rules at random, one change at a time, and see whether its tests notice.

    scripts/mutate_judge.py [--changes 200] [--seed 1] [--only judge/batch.py]

`judge_changes.py` says what a change is. Nothing is written: each is made as the package is imported, in a process of
its own. Prints the changes that were not noticed, and those left out because they change nothing; ends with 1 if fewer
than nine of ten were noticed.
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType

# What the tests stand on is taken in before the forks; the package itself is not, for each fork has its own.
import hypothesis.strategies  # noqa: F401
import numpy  # noqa: F401
import obstore.store  # noqa: F401
import pytest
from judge_changes import MODULES, PACKAGE, Change, changes

ROOT = Path(__file__).resolve().parents[1]
BAR = 0.9
# What finds the most, soonest, comes first: a change that is noticed costs no more than the test that notices it.
JUDGE = "tests/unit/judge/test_{}.py"
Stage = tuple[str, ...]
SENTENCES: Stage = (JUDGE.format("what_is_said"), JUDGE.format("where_a_cause_stands"), JUDGE.format("judge"))
ORDER: Stage = (JUDGE.format("what_outweighs_what"),)
LINES: Stage = (JUDGE.format("every_alternative"), "tests/unit/log/test_marks.py")
OTHERS: Stage = tuple(JUDGE.format(name) for name in ("causes", "hints", "detector", "recorded", "corpus"))
BATCH: Stage = (JUDGE.format("batch_words"),)
BATCH_SENTENCES: Stage = (JUDGE.format("rules_batch"),)
TRANSFER: Stage = ("tests/unit/contract/test_transfer.py",)
STAGES: dict[str, tuple[Stage, ...]] = {
    "judge/batch.py": (BATCH, BATCH_SENTENCES),
    "judge/batch_rules.py": (ORDER, BATCH, BATCH_SENTENCES),
    "judge/batch_words.py": (BATCH, ORDER, BATCH_SENTENCES),
    "contract/transfer.py": (TRANSFER, SENTENCES),
    "log/causes.py": (LINES, ORDER, SENTENCES, OTHERS),
    "log/marks.py": (LINES, ORDER, SENTENCES, OTHERS),
}
# The generated page differs by nature; fuzzing is left out, for it would take most of the time.
OPTIONS = (
    "-x", "-p", "no:terminal", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib",
    "-m", "not hypothesis", "--deselect", "tests/unit/judge/test_recorded.py::test_the_reference_page_is_up_to_date",
)  # fmt: skip
CPU_SECONDS = 60  # a change may make a loop endless


class Changed(importlib.abc.MetaPathFinder):
    """Finds one module of the package, with another text than the file's.

    :param module: path within the package.
    :param text: what is run instead.
    """

    def __init__(self, module: str, text: str) -> None:
        self.path, self.text = PACKAGE / module, text
        self.name = ".".join((PACKAGE.name, *Path(module).with_suffix("").parts)).removesuffix(".__init__")

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """Where the module comes from; None for any other."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=_Loader(name, str(self.path), self.text))


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002
        return compile(self.text, self.path, "exec")


class Workshop:
    """A pytest that is ready to collect, and forks for each change: half of a short test's time is to get that far.

    :param chosen: the changes.
    """

    def __init__(self, chosen: Sequence[Change]) -> None:
        self.chosen = chosen
        self.noticed = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool | None:
        """In a fork, go on to collect and test; here, when all is done, collect nothing."""
        for change, stages in ((None, _every_stage()), *((each, _stages(each)) for each in self.chosen)):
            seen = False
            for stage in stages:
                if (code := self._test(session, change, stage)) is None:
                    return None
                if seen := code != 0:
                    break
            self._tell(change, seen=seen)
        session.items = []
        return True

    def _test(self, session: pytest.Session, change: Change | None, stage: Stage) -> int | None:
        """How the tests of a stage ended, with 0 for well; None in the fork that is to run them."""
        if child := os.fork():
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        if change is not None:
            sys.meta_path.insert(0, Changed(change.module, change.text()))
        session.config.args = list(stage)
        return None

    def _tell(self, change: Change | None, *, seen: bool) -> None:
        if change is None and seen:
            raise pytest.UsageError("the tests fail without any change; mend that first")
        if change is not None and not seen:
            print(f"not noticed: {change}", flush=True)
        self.noticed += seen


def _stages(change: Change) -> tuple[Stage, ...]:
    return STAGES.get(change.module, (SENTENCES, ORDER, OTHERS))


def _every_stage() -> tuple[Stage, ...]:
    return tuple(dict.fromkeys((SENTENCES, ORDER, OTHERS, *(stage for stages in STAGES.values() for stage in stages))))


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=MODULES)
    asked = parser.parse_args()
    every = [change for module in asked.only or MODULES for change in changes(module)]
    idle = {change: why for change in every if (why := change.idle)}
    real = [change for change in every if change not in idle]
    chosen = random.Random(asked.seed).sample(real, min(asked.changes, len(real)))  # noqa: S311
    for change, why in idle.items():
        print(f"left out: {change} ({why})")
    print(f"{len(chosen)} of {len(real)} possible changes, seed {asked.seed}", flush=True)
    os.chdir(ROOT)
    workshop, us = Workshop(chosen), os.getpid()
    code = pytest.main([*OPTIONS, *ORDER], plugins=[workshop])
    if os.getpid() != us:
        os._exit(int(code))
    if code is not pytest.ExitCode.NO_TESTS_COLLECTED:
        return 2
    share = workshop.noticed / len(chosen)
    print(f"{workshop.noticed} of {len(chosen)} noticed ({share:.1%}); at least {BAR:.0%} are asked for")
    return 0 if share >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
