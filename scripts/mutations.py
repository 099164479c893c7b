"""Every change that a slip of the hand could make to the judge's rules, or to the planner: what `mutate.py` draws from.

A comparison or a boolean turned round, a number off by one, a category taken for another, two rules of a table
exchanged, an anchor or an alternative of a pattern lost, one of the texts lost that a log is searched for. A library
such as mutmut turns operators, but knows neither tables nor patterns, which are most of the judge's rules.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip
# Arguments that only a person reads, or that guard an object against change: no verdict follows from them.
TOLD = frozenset({"learnt_from", "hint", "clause", "sentence", "frozen"})
Make = Callable[[ast.AST], None]


@dataclass(frozen=True)
class Change:
    """One change of one module.

    :param module: path within the repository.
    :param place: of the changed node in the walk of the module's tree.
    :param line: where it is.
    :param what: kind of change, for a person.
    :param make: makes it, on a node of a fresh tree.
    :param idle: why no evidence can show it; empty for most.
    """

    module: str
    place: int
    line: int
    what: str
    make: Make
    idle: str = ""

    def text(self) -> str:
        """The module after the change."""
        tree = ast.parse((ROOT / self.module).read_text())
        self.make(_node(tree, self.place))
        return ast.unparse(tree)

    def __str__(self) -> str:
        if self.what.startswith("exchange"):
            return f"{self.module}:{self.line}: {self.what}"
        node = _node(ast.parse((ROOT / self.module).read_text()), self.place)
        before = ast.unparse(node)
        self.make(node)
        before, after = _apart(before, ast.unparse(node))
        return f"{self.module}:{self.line}: {self.what}: {before} -> {after}"


def _node(tree: ast.AST, place: int) -> ast.AST:
    return next(node for at, node in enumerate(ast.walk(tree)) if at == place)


def _apart(before: str, after: str, around: int = 24) -> tuple[str, str]:
    """Two texts, cut to where they differ."""
    short = min(len(before), len(after))
    head = next((at for at in range(short) if before[at] != after[at]), short)
    foot = next((at for at in range(short - head) if before[-1 - at] != after[-1 - at]), short - head)
    return tuple(text[max(0, head - around) : len(text) - foot + around][:160] for text in (before, after))  # type: ignore[return-value]


def changes(module: str) -> Iterator[Change]:
    """Every change that a module can suffer.

    :param module: path within the repository.
    """
    tree = ast.parse((ROOT / module).read_text())
    told, searched = _arguments(tree, TOLD), _arguments(tree, {"literals"})
    any_number = _any_number(module, tree)
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in told:
            continue
        if isinstance(node, ast.Tuple) and sum(isinstance(each, ast.Call) for each in node.elts) > 1:
            for at, pair in enumerate(zip(node.elts, node.elts[1:], strict=False)):
                line, what = node.elts[at].lineno, f"exchange {_name(pair[0])} and {_name(pair[1])}"
                yield Change(module, place, line, what, lambda n, at=at: _exchange(n.elts, at), _idle(*pair))
        for what, make in _of_texts(node) if id(node) in searched else _slips(node):
            yield Change(module, place, getattr(node, "lineno", 0), what, make, any_number.get(id(node), ""))


# Rules that never both apply, so that it is the same which is tried first.
APART = {
    ("succeeded", "command_succeeded"): "no run has two tools",
    ("command_succeeded", "listing"): "no run has two tools",
    ("listing", "batch_file"): "no run is started for two things",
    ("batch_file", "transfer"): "no success is found where a transfer failed",
    ("died", "nothing_matched"): "the exit codes of the one are none of the other's",
    ("output_missing", "tool_failed"): "the one wants exit code 0, the other another",
    ("done_file_unwritable", "memory"): "judge/rules.py asks for memory and disk before any other cause",
    ("disk", "cloud_denied"): "judge/rules.py asks for memory and disk before any other cause",
    ("load_error", "names_kept"): "only marks that veto are tried in order",
    ("names_kept", "run_began"): "only marks that veto are tried in order",
    ("run_began", "listing_ended"): "only marks that veto are tried in order",
    ("listing_ended", "plugin_import"): "only marks that veto are tried in order",
}  # fmt: skip

# Constants that may have any other value of their kind: nothing depends on the number itself.
ANY = {
    (
        "provider/platerunner/engine/planning/files.py",
        "_NO_SIZE",
    ): "no size is negative: any negative number will do",
}


def _any_number(module: str, tree: ast.Module) -> dict[int, str]:
    """Numbers that may be others as well, by the node's id, with the reason."""
    assigned = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)]
    reasons = {node: ANY.get((module, node.targets[0].id), "") for node in assigned}  # type: ignore[attr-defined]
    return {id(inner): why for node, why in reasons.items() if why for inner in ast.walk(node.value)}


def _idle(one: ast.expr, other: ast.expr) -> str:
    """Why the order of two rules tells nothing; empty if it tells something."""
    tools = {_argument(one, "tool"), _argument(other, "tool")}
    if len(tools) == 2 and all(tools):
        return "no run has two tools"
    return APART.get((_name(one), _name(other)), "")


def _argument(call: ast.expr, name: str) -> str:
    """A call's keyword argument as it is written; empty without one."""
    found = [
        k.value.value for k in getattr(call, "keywords", ()) if k.arg == name and isinstance(k.value, ast.Constant)
    ]
    return str(found[0]) if found else ""


def _name(call: ast.expr) -> str:
    """The name of a rule: its keyword, else its first argument."""
    first = getattr(call, "args", None)
    named = first and isinstance(first[0], ast.Constant)
    return _argument(call, "name") or (str(first[0].value) if named else ast.unparse(call)[:20])  # type: ignore[index]


def _of_texts(node: ast.AST) -> Iterator[tuple[str, Make]]:
    texts = str(node.value).split("; ") if isinstance(node, ast.Constant) else []
    for at in range(len(texts)) if len(texts) > 1 else ():
        rest = "; ".join(texts[:at] + texts[at + 1 :])
        yield "lose a text", lambda n, rest=rest: setattr(n, "value", rest)


def _arguments(tree: ast.AST, names: Collection[str]) -> set[int]:
    """Nodes within keyword arguments of these names; docstrings too, with which nothing computes either."""
    alone = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [keyword.value for call in calls for keyword in call.keywords if keyword.arg in names]
    # A rule for Batch has no keywords; its last two arguments are its sentence and what it was learnt from.
    given += [arg for call in calls if ast.unparse(call.func) == "BatchRule" for arg in call.args[4:]]
    return {id(inner) for node in (*alone, *given) for inner in ast.walk(node)}


def _slips(node: ast.AST) -> Iterator[tuple[str, Make]]:
    yield from _of_operator(node)
    if isinstance(node, ast.Attribute) and _is_category(node):
        other = "TOOL_ERROR" if node.attr != "TOOL_ERROR" else "UNKNOWN"
        yield "another category", lambda n: setattr(n, "attr", other)
    if isinstance(node, ast.Constant):
        yield from _of_constant(node)


def _of_operator(node: ast.AST) -> Iterator[tuple[str, Make]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield "turn round", lambda n: n.ops.__setitem__(0, SWAPS[type(n.ops[0])]())  # type: ignore[attr-defined]
    if isinstance(node, ast.BoolOp | ast.BinOp) and type(node.op) in SWAPS and not _joins_text(node):
        yield "turn round", lambda n: setattr(n, "op", SWAPS[type(n.op)]())  # type: ignore[attr-defined]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "lose a not", _lose_not


def _lose_not(node: ast.AST) -> None:
    assert isinstance(node, ast.UnaryOp)
    node.op, node.operand = ast.UAdd(), ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])


def _is_category(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("C", "Category") and node.attr.isupper()


def _joins_text(node: ast.BoolOp | ast.BinOp) -> bool:
    parts = [node.left, node.right] if isinstance(node, ast.BinOp) else []
    return any(isinstance(part, ast.JoinedStr | ast.Constant) and not _is_number(part) for part in parts) or any(
        isinstance(part, ast.Attribute) and part.attr == "says" for part in parts
    )


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _exchange(items: list[ast.expr], at: int) -> None:
    items[at], items[at + 1] = items[at + 1], items[at]


def _of_constant(node: ast.Constant) -> Iterator[tuple[str, Make]]:
    value = node.value
    if isinstance(value, bool):
        yield "turn round", lambda n: setattr(n, "value", not value)
    elif isinstance(value, int):
        yield "off by one", lambda n: setattr(n, "value", value + 1)
    elif isinstance(value, str):
        for what, new in _of_pattern(value):
            yield what, lambda n, new=new: setattr(n, "value", new)


def _of_pattern(text: str) -> Iterator[tuple[str, str]]:
    """Slips in a pattern: an anchor lost, an alternative lost."""
    if not re.search(r"\\[bdws]|\(\?|[\^$]|\w\|\w", text):
        return
    for found in re.finditer(r"(?<![\[\\])[\^$]|(?<!\\)\\b", text):
        yield "lose an anchor", text[: found.start()] + text[found.end() :]
    parts = re.split(r"(?<!\\)\|", text)
    for at in range(len(parts)) if 1 < len(parts) < 60 else ():
        new = "|".join(parts[:at] + parts[at + 1 :])
        if _compiles(new) and parts[at].strip():
            yield "lose an alternative", new


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
