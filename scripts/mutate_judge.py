"""Change the judge's rules at random, one change at a time, and see whether its tests notice.

    scripts/mutate_judge.py [--changes 200] [--seed 1] [--only judge/batch.py]

A change is what a slip of the hand would be: a comparison or a boolean turned round, a number off by one, a category
taken for another, two rules of a table exchanged, an anchor or an alternative of a pattern lost. Each is made in a copy
of the package and tested there, so that the checkout stays as it is. Ends with 1 if fewer than nine of ten were
noticed; prints those that were not. A library such as mutmut turns operators, but knows neither tables nor patterns,
which are most of these rules.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# What the tests stand on is taken in before the forks; the package itself is not, for each fork has its own.
import hypothesis.strategies  # noqa: F401
import numpy  # noqa: F401
import obstore.store  # noqa: F401
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "containers/unit/platerunner_unit"
MODULES = (
    "judge/__init__.py", "judge/batch.py", "judge/batch_rules.py", "judge/batch_words.py", "judge/rules.py",
    "judge/cause_rules.py", "judge/ending_rules.py", "judge/success_rules.py", "judge/causes.py", "judge/facts.py",
    "log/causes.py", "log/marks.py", "contract/transfer.py",
)  # fmt: skip
JUDGE = "tests/unit/judge"
BATCH = (f"{JUDGE}/test_batch_words.py", f"{JUDGE}/test_rules_batch.py")
# What finds the most, soonest, comes first: a change that is noticed costs no more than the test that notices it.
OTHER_NAMES = ("every_alternative", "judge", "hints", "recorded", "detector", "corpus")
OTHERS = tuple(f"{JUDGE}/test_{name}.py" for name in OTHER_NAMES)
TESTS = {
    "judge/batch.py": BATCH, "judge/batch_rules.py": BATCH, "judge/batch_words.py": BATCH,
    "contract/transfer.py": ("tests/unit/contract/test_transfer.py", f"{JUDGE}/test_judge.py"),
}  # fmt: skip
BAR = 0.9
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One change of one module.

    :param what: for a person, with the line.
    :param text: the module after it.
    """

    module: str
    what: str
    text: str


def changes(module: str, text: str) -> Iterator[Change]:
    """Every change that a module can suffer."""
    tree = ast.parse(text)
    documented = _docstrings(tree)
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in documented:
            continue
        for what, make in _mutations(node):
            other = copy.deepcopy(tree)
            target = next(found for at, found in enumerate(ast.walk(other)) if at == place)
            make(target)
            yield Change(module, f"{module}:{getattr(node, 'lineno', '?')}: {what}", ast.unparse(other))


def _docstrings(tree: ast.AST) -> set[int]:
    """Constants that nothing computes with: docstrings, and what a person reads alone."""
    alone = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    told = [k.value for node in ast.walk(tree) if isinstance(node, ast.Call) for k in node.keywords if k.arg in TOLD]
    return {id(inner) for node in (*alone, *told) for inner in ast.walk(node)}


TOLD = frozenset({"learnt_from", "hint", "clause", "sentence"})
Make = Callable[[ast.AST], None]


def _mutations(node: ast.AST) -> Iterator[tuple[str, Make]]:
    yield from _of_operator(node)
    if isinstance(node, ast.Tuple) and sum(isinstance(each, ast.Call) for each in node.elts) > 1:
        for at in range(len(node.elts) - 1):
            yield f"exchange rules {at} and {at + 1}", lambda n, at=at: _exchange(n.elts, at)
    if _is_category(node):
        other = "TOOL_ERROR" if node.attr != "TOOL_ERROR" else "UNKNOWN"  # type: ignore[attr-defined]
        yield f"{node.attr} becomes {other}", lambda n: setattr(n, "attr", other)  # type: ignore[attr-defined]
    if isinstance(node, ast.Constant):
        yield from _of_constant(node)


def _of_operator(node: ast.AST) -> Iterator[tuple[str, Make]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield f"turn {type(node.ops[0]).__name__} round", lambda n: n.ops.__setitem__(0, SWAPS[type(n.ops[0])]())  # type: ignore[attr-defined]
    if isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in SWAPS and not _joins_text(node):
        yield f"turn {type(node.op).__name__} round", lambda n: setattr(n, "op", SWAPS[type(n.op)]())  # type: ignore[attr-defined]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "lose a not", lambda n: setattr(n, "op", ast.UAdd()) or setattr(n, "operand", _truth(n.operand))  # type: ignore[attr-defined,func-returns-value]


def _is_category(node: ast.AST) -> bool:
    named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("C", "Category")
    return named and node.attr.isupper()  # type: ignore[attr-defined]


def _joins_text(node: ast.BoolOp | ast.BinOp) -> bool:
    parts = [node.left, node.right] if isinstance(node, ast.BinOp) else []
    return any(isinstance(part, ast.JoinedStr | ast.Constant) and not _is_number(part) for part in parts) or any(
        isinstance(part, ast.Attribute) and part.attr == "says" for part in parts
    )


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _truth(node: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("bool", ast.Load()), [node], [])


def _exchange(items: list[ast.expr], at: int) -> None:
    items[at], items[at + 1] = items[at + 1], items[at]


def _of_constant(node: ast.Constant) -> Iterator[tuple[str, Make]]:
    value = node.value
    if isinstance(value, bool):
        yield f"{value} becomes {not value}", lambda n: setattr(n, "value", not value)
    elif isinstance(value, int):
        yield f"{value} becomes {value + 1}", lambda n: setattr(n, "value", value + 1)
    elif isinstance(value, str):
        for what, new in _of_pattern(value):
            yield f"{what} in {value[:50]!r}", lambda n, new=new: setattr(n, "value", new)


def _of_pattern(text: str) -> Iterator[tuple[str, str]]:
    """Slips in a pattern: an anchor lost, an alternative lost."""
    if not re.search(r"\\[bdws]|\(\?|[\^$]|\w\|\w", text):
        return
    for anchor in ("^", "$", r"\b"):
        if anchor in text:
            yield f"lose {anchor}", text.replace(anchor, "", 1)
    parts = re.split(r"(?<!\\)\|", text)
    for at in range(len(parts)) if 1 < len(parts) < 60 else ():
        new = "|".join(parts[:at] + parts[at + 1 :])
        if _compiles(new) and parts[at].strip():
            yield f"lose {parts[at][:30]!r}", new


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def noticed(change: Change) -> bool:
    """Whether the tests fail on a copy of the package with the change."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        unit = Path(name) / "platerunner_unit"
        shutil.copytree(PACKAGE, unit, ignore=shutil.ignore_patterns("__pycache__"))
        (unit / change.module).write_text(change.text)
        # A fork, since half of a short test's time is the import of pytest and of what the package stands on.
        if child := os.fork():
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0
        os._exit(_test(name, TESTS.get(change.module, OTHERS)))


def _test(package: str, tests: tuple[str, ...]) -> int:
    with Path(os.devnull).open("w") as null:
        os.dup2(null.fileno(), 1)
        os.dup2(null.fileno(), 2)
    signal.alarm(300)  # a change may make a loop endless
    sys.path.insert(0, package)
    sys.dont_write_bytecode = True
    # The generated page differs by nature; fuzzing is left out, for it would take most of the time.
    spared = ["--deselect", "tests/unit/judge/test_recorded.py::test_the_reference_page_is_up_to_date"]
    return int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-m", "not hypothesis", *spared, *tests]))


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[])
    asked = parser.parse_args()
    modules = asked.only or MODULES
    every = [change for module in modules for change in changes(module, (PACKAGE / module).read_text())]
    chosen = random.Random(asked.seed).sample(every, min(asked.changes, len(every)))  # noqa: S311
    print(f"{len(chosen)} of {len(every)} possible changes, seed {asked.seed}", flush=True)
    os.chdir(ROOT)
    if noticed(Change(MODULES[0], "none", (PACKAGE / MODULES[0]).read_text())):
        raise SystemExit("the tests fail without any change; mend that first")
    missed = 0
    for change in chosen:
        if not noticed(change):
            missed += 1
            print(f"not noticed: {change.what}", flush=True)
    share = 1 - missed / len(chosen)
    print(f"{len(chosen) - missed} of {len(chosen)} noticed ({share:.0%}); at least {BAR:.0%} are asked for")
    return 0 if share >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
