"""The share of our module-level functions that are used in exactly one place, package by package.

    .venv/bin/python scripts/functions_used_once.py [--list] [FOLDER]

A function that is used once splits a story over two places, unless its name says what would be hard to see in its body.
A place is a name or an attribute that stands for it, in its own module or where it is imported; tests do not count, nor
what a function says of itself. Doors that something else opens (decorated functions, `main`) are left out.
`--list` names those with a body of three lines or less, which a reader would mostly rather see where they are used.
"""

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOTS = ("provider", "plugins", "containers/unit")
SHORT = 3

Function = ast.FunctionDef | ast.AsyncFunctionDef
Place = tuple[str, str]
"""A module, and a name in it."""


def module_of(path: Path) -> str:
    """The name under which a file is imported."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def functions(tree: ast.Module) -> Iterator[Function]:
    """Functions of a module that nothing but our own code calls."""
    for node in tree.body:
        if isinstance(node, Function) and not node.decorator_list and node.name != "main":
            yield node


def uses(module: str, tree: ast.Module) -> Iterator[Place]:
    """What each name and attribute of a module stands for, once per place; an import is no use."""
    own = {node.name for node in tree.body if isinstance(node, Function)}
    imported = {
        each.asname or each.name: (node.module, each.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for each in node.names
    }
    within = {id(inner): node.name for node in tree.body if isinstance(node, Function) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id in own and within.get(id(node)) != node.id:
                yield module, node.id
            elif node.id in imported:
                yield imported[node.id]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
            yield ".".join(imported[node.value.id]), node.attr


def length(function: Function) -> int:
    """Lines of the body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def main() -> None:
    """Print a row per package, and with ``--list`` every short function that is used once."""
    root = Path(next((each for each in sys.argv[1:] if not each.startswith("-")), "."))
    trees = {
        path.relative_to(root / each): (path, ast.parse(path.read_text()))
        for each in ROOTS
        for path in sorted((root / each).rglob("*.py"))
    }
    used = Counter(place for name, (_, tree) in trees.items() for place in uses(module_of(name), tree))
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for name, (path, tree) in trees.items():
        for function in functions(tree):
            once = used[module_of(name), function.name] == 1
            short = once and length(function) <= SHORT
            rows[name.parent.as_posix()].update(all=1, once=once, short=short)
            if short and "--list" in sys.argv:
                print(f"{path.relative_to(root)}:{function.lineno} {function.name} ({length(function)})")
    rows["all"] = sum(rows.values(), Counter())
    print("| package | functions | used once | of these short |\n|---|---|---|---|")
    for where, row in rows.items():
        if row["all"]:
            print(f"| {where} | {row['all']} | {row['once'] / row['all']:.0%} | {row['short'] / row['all']:.0%} |")


if __name__ == "__main__":
    main()
