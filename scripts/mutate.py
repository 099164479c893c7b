"""Change the judge's rules or the planner at random, one change at a time, and see whether their tests notice.

    scripts/mutate.py judge|planner [--changes 200] [--seed 1] [--only containers/unit/platerunner_unit/judge/batch.py]

`mutations.py` says what a change is. Nothing is written: each is made as the package is imported, in a process of
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
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType

# What the tests stand on is taken in before the forks; the package itself is not, for each fork has its own.
import hypothesis.strategies  # noqa: F401
import numpy  # noqa: F401
import obstore.store  # noqa: F401
import pytest
from mutations import ROOT, Change, changes

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
REGENIE: Stage = (JUDGE.format("regenie_rules"), JUDGE.format("regenie_corpus"))
PLINK: Stage = (JUDGE.format("plink_rules"), "tests/unit/plink/test_verdicts.py")
TRANSFER: Stage = ("tests/unit/contract/test_transfer.py",)
RULES = (SENTENCES, ORDER, OTHERS)
OF_JUDGE: dict[str, tuple[Stage, ...]] = {
    "judge/batch": (BATCH, BATCH_SENTENCES),
    "judge/batch_rules": (ORDER, BATCH, BATCH_SENTENCES),
    "judge/batch_words": (BATCH, ORDER, BATCH_SENTENCES),
    "judge/plink_rules": (PLINK,),
    "judge/rules": (*RULES, REGENIE, PLINK),
    "judge/regenie_errors": (REGENIE,),
    "judge/regenie_rules": (REGENIE,),
    "judge/cause_rules": RULES,
    "judge/ending_rules": RULES,
    "judge/causes": RULES,
    "judge/facts": RULES,
    "contract/transfer": (TRANSFER, SENTENCES),
    "log/causes/files": (LINES, ORDER, SENTENCES, OTHERS),
    "log/causes/programs": (LINES, ORDER, SENTENCES, OTHERS),
    "log/causes/surroundings": (LINES, ORDER, SENTENCES, OTHERS),
    "log/marks": (LINES, ORDER, SENTENCES, OTHERS),
}
PLANNER = "tests/provider/engine/planning"
OF_PLANNER: dict[str, tuple[Stage, ...]] = {
    module: ((f"{PLANNER}/{test}.py",), (PLANNER,))
    for module, test in {
        "branch": "test_branches", "collisions": "test_collisions", "earlier": "test_earlier", "files": "test_files",
        "context": "test_context", "rerun": "test_rerun", "settings": "test_settings", "where": "test_planning",
        "raw_files/dataset": "raw_files/test_dataset", "raw_files/duplicates": "raw_files/test_duplicates",
        "raw_files/selection": "test_planning", "raw_files/missing": "test_outcomes",
        "units/expected": "test_planning", "units/fingerprint": "units/test_fingerprint",
        "units/grouping": "test_planning", "units/unit_patterns": "units/test_unit_patterns",
    }.items()
}  # fmt: skip
SUBJECTS: dict[str, dict[str, tuple[Stage, ...]]] = {
    "judge": {f"containers/unit/platerunner_unit/{name}.py": stages for name, stages in OF_JUDGE.items()},
    "planner": {f"provider/platerunner/engine/planning/{name}.py": stages for name, stages in OF_PLANNER.items()},
}
"""What may be changed, module by module, with the tests that should notice, in their order."""
OPTIONS = ("-x", "-p", "no:terminal", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib")
# The generated page differs by nature; fuzzing is left out, because it would take most of the time.
OPTIONS_OF_JUDGE = (
    "-m", "not hypothesis", "--deselect", "tests/unit/judge/test_recorded.py::test_the_reference_page_is_up_to_date",
)  # fmt: skip
CPU_SECONDS = 300  # a change may make a loop endless


class Changed(importlib.abc.MetaPathFinder):
    """Finds one module, with another text than the file's.

    :param module: path within the repository.
    :param text: what is run instead.
    """

    def __init__(self, module: str, text: str) -> None:
        self.path, self.text = ROOT / module, text
        within = Path(module).relative_to("containers/unit" if module.startswith("containers") else "provider")
        self.name = ".".join(within.with_suffix("").parts).removesuffix(".__init__")

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
    :param stages: module to the tests that should notice.
    """

    def __init__(self, chosen: Sequence[Change], stages: Mapping[str, tuple[Stage, ...]]) -> None:
        self.chosen, self.stages = chosen, stages
        self.noticed = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool | None:
        """In a fork, go on to collect and test; here, when all is done, collect nothing."""
        every = tuple(dict.fromkeys(stage for stages in self.stages.values() for stage in stages))
        for change, stages in ((None, every), *((each, self.stages[each.module]) for each in self.chosen)):
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
            raise pytest.UsageError("the tests fail without any change; fix that first")
        if change is not None and not seen:
            print(f"not noticed: {change}", flush=True)
        self.noticed += seen


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("subject", choices=SUBJECTS)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", metavar="MODULE")
    asked = parser.parse_args()
    stages = SUBJECTS[asked.subject]
    lost = [
        path
        for path in (*stages, *(test for each in stages.values() for stage in each for test in stage))
        if not (ROOT / path).exists()
    ]
    if lost:
        parser.error(f"{lost[0]} is not there any more: SUBJECTS in {__file__} names it")
    if unknown := set(asked.only or ()) - set(stages):
        parser.error(f"--only {unknown.pop()}: one of {', '.join(stages)}")
    every = [change for module in asked.only or stages for change in changes(module)]
    idle = {change: why for change in every if (why := change.idle)}
    real = [change for change in every if change not in idle]
    chosen = random.Random(asked.seed).sample(real, min(asked.changes, len(real)))  # noqa: S311
    for change, why in idle.items():
        print(f"left out: {change} ({why})")
    print(f"{len(chosen)} of {len(real)} possible changes, seed {asked.seed}", flush=True)
    os.chdir(ROOT)
    workshop, us = Workshop(chosen, stages), os.getpid()
    own = OPTIONS_OF_JUDGE if asked.subject == "judge" else ()
    code = pytest.main([*OPTIONS, *own, *ORDER], plugins=[workshop])
    if os.getpid() != us:
        os._exit(int(code))
    if code is not pytest.ExitCode.NO_TESTS_COLLECTED:
        return 2
    share = workshop.noticed / len(chosen)
    print(f"{workshop.noticed} of {len(chosen)} noticed ({share:.1%}); at least {BAR:.0%} are asked for")
    return 0 if share >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
