"""Jinja templates in specs: sandboxed, strict, with five names and nothing else."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from platerunner.spec.problems import PlacedError
from platerunner_unit.contract.words import shorten

MARKS = ("{{", "{%", "{#")
_MAX_TEXT = 100_000
_NAME = re.compile(
    r"\{\{\s*(params|data_root|workspace_root|run_id|logical_date)(?:\.([A-Za-z_][A-Za-z0-9_]*))?\s*\}\}"
)
_PLAIN = re.compile(rf"(?:[^{{]|\{{(?![{{%#])|{_NAME.pattern})*")


class TemplateProblem(PlacedError, ValueError):  # noqa: N818  (a problem of a spec, like the others)
    """A template cannot be read or rendered; ``str()`` is a sentence that names it.

    :param template: as written.
    :param message: a clause: what is wrong.
    :param line: of the template, from 1.
    """

    def __init__(self, template: str, message: str, line: int = 1) -> None:
        super().__init__(f"template `{shorten(template, 80)}`: {message}")
        self.template = template
        self.message = message
        self.line = line


class _Environment(ImmutableSandboxedEnvironment):
    """Without ``range`` and the other globals, and with products and powers that stay small."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        # The optimizer would compute constant expressions while a spec is only being read.
        super().__init__(undefined=StrictUndefined, optimized=False, autoescape=False)
        self.globals.clear()

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise SecurityError("formatting with `%` is not allowed")
        if operator == "*" and not all(isinstance(side, (int, float)) for side in (left, right)):
            raise SecurityError("only numbers can be multiplied")
        if operator == "**" and not (abs(left) < 1e6 and abs(right) <= 64):
            raise SecurityError("this power is too large")
        return super().call_binop(context, operator, left, right)


_ENVIRONMENT = _Environment()


def is_template(value: Any) -> bool:
    """Whether a value is text with template marks."""
    return isinstance(value, str) and "{" in value and any(mark in value for mark in MARKS)


def contains_template(value: Any) -> bool:
    """Whether a value is a template, or holds one at any depth."""
    if isinstance(value, dict):
        return any(map(contains_template, value.values()))
    return any(map(contains_template, value)) if isinstance(value, list) else is_template(value)


@lru_cache(maxsize=4096)
def names_in(template: str) -> frozenset[tuple[str, ...]]:
    """The names that a template reads, each with its attributes: ``{("params", "wells"), ("run_id",)}``.

    :raises TemplateProblem: if it is not a template that Jinja can read.
    """
    if (plain := _plain_names(template)) is not None:
        return plain
    tree = _parse(template)
    free = meta.find_undeclared_variables(tree)
    found = {path for path in _paths(tree) if path[0] in free}
    return frozenset(found | {(name,) for name in free if not any(path[0] == name for path in found)})


def _plain_names(template: str) -> frozenset[tuple[str, ...]] | None:
    """The names of a template that does no more than put names in, as most do: Jinja takes a millisecond for each.

    :returns: None if Jinja has to tell.
    """
    if _PLAIN.fullmatch(template) is None:
        return None
    pairs = _NAME.findall(template)
    if any(attribute in _FILLING for _, attribute in pairs):
        return None
    found = {pair for pair in pairs if pair[1]}
    whole = {name for name, _ in pairs} - {name for name, _ in found}
    return frozenset({*found, *((name,) for name in whole)})


def is_single_expression(template: str) -> bool:
    """Whether a text is one ``{{ expression }}`` and nothing around it, so that it may have another type than text.

    :raises TemplateProblem: as :func:`names_in`.
    """
    body = _parse(template.strip()).body
    output = body[0] if len(body) == 1 else None
    return (
        isinstance(output, nodes.Output)
        and len(output.nodes) == 1
        and not isinstance(output.nodes[0], nodes.TemplateData)
    )


def is_text(template: str) -> bool:
    """Whether a template is an expression that is nothing but text in quotes.

    :raises TemplateProblem: as :func:`names_in`.
    """
    body = _parse(template.strip()).body
    parts = body[0].nodes if len(body) == 1 and isinstance(body[0], nodes.Output) else []
    return len(parts) == 1 and isinstance(parts[0], nodes.Const) and isinstance(parts[0].value, str)


def render(value: Any, context: Mapping[str, Any]) -> Any:
    """A value with its templates filled in; what is exactly one ``{{ expression }}`` keeps the expression's type.

    :param value: scalars, lists and dicts at any depth; keys are left alone.
    :param context: ``params``, ``data_root``, ``workspace_root``, ``run_id``, ``logical_date``, or some of them.
    :raises TemplateProblem: naming the template.
    """
    if isinstance(value, Mapping):
        return {key: render(item, context) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [render(item, context) for item in value]
    return _render(value, context) if is_template(value) else value


def truthy(when: str, context: Mapping[str, Any]) -> bool:
    """Whether a condition holds.

    :param when: one ``{{ expression }}``.
    :raises TemplateProblem: if it is more or less than that, or cannot be evaluated.
    """
    if not is_single_expression(when):
        raise TemplateProblem(when, "a condition is one `{{ expression }}`")
    return bool(_render(when, context))


@lru_cache(maxsize=4096)
def refuse_constants(template: str) -> None:
    """Work out what a template says without any name, so that a number too large is noticed with the spec.

    :raises TemplateProblem: if such a part cannot be worked out, whatever a run is given.
    """
    if _plain_names(template) is not None:
        return
    for part in _constants(_parse(template)):
        alone = nodes.Template([nodes.Output([part], lineno=part.lineno)], lineno=1)
        _worked_out(template, lambda alone=alone: _ENVIRONMENT.from_string(alone).render())  # type: ignore[misc]


def _constants(node: nodes.Node) -> Iterator[nodes.Expr]:
    """The largest expressions that read no name, without plain values."""
    computed = isinstance(node, nodes.Expr) and not isinstance(node, (nodes.Literal, nodes.Name, nodes.Slice))
    if computed and node.find(nodes.Name) is None:
        yield node  # type: ignore[misc]
        return
    for child in node.iter_child_nodes():
        yield from _constants(child)


@lru_cache(maxsize=4096)
def _parse(template: str) -> nodes.Template:
    try:
        tree = _ENVIRONMENT.parse(template)
        meta.find_undeclared_variables(tree)  # notices unknown filters and tests
    except TemplateSyntaxError as error:
        raise TemplateProblem(template, _clause(error.message), error.lineno) from None
    except (RecursionError, OverflowError, MemoryError, ValueError) as error:
        raise TemplateProblem(template, f"cannot be read ({type(error).__name__})") from None
    _refuse_growth(template, tree)
    return tree


_LOOPS_AND_NAMES = (nodes.Assign, nodes.AssignBlock, nodes.With, nodes.Macro, nodes.CallBlock, nodes.FilterBlock)
_FILLING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs", "indent", "format", "format_map", "wordwrap"})
"""Filters and methods of text that can make a long text of a short one."""


def _refuse_growth(template: str, tree: nodes.Template) -> None:
    """Templates that can take forever or become huge are refused before they are filled in.

    :raises TemplateProblem: for a loop in a loop, names of its own, and text that is filled up.
    """
    if any(tree.find_all(_LOOPS_AND_NAMES)):
        raise TemplateProblem(template, "a template has no names or macros of its own")
    for loop in tree.find_all(nodes.For):
        if loop.recursive or any(inner is not loop for inner in loop.find_all(nodes.For)):
            raise TemplateProblem(template, "a loop in a loop is not allowed")
    filled = [each.name for each in tree.find_all(nodes.Filter)] + [each.attr for each in tree.find_all(nodes.Getattr)]
    for name in _FILLING.intersection(filled):
        raise TemplateProblem(template, f"`{name}` is not allowed, since it can make a text of any length")


def _clause(message: str | None) -> str:
    return (message or "is not a template").rstrip(".")


def _paths(tree: nodes.Template) -> Iterator[tuple[str, ...]]:
    """Names with one attribute, as in ``params.wells`` and ``params["wells"]``."""
    for attribute in tree.find_all(nodes.Getattr):
        if isinstance(attribute.node, nodes.Name):
            yield attribute.node.name, attribute.attr
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.node, nodes.Name) and isinstance(item.arg, nodes.Const) and isinstance(item.arg.value, str):
            yield item.node.name, item.arg.value


def _render(template: str, context: Mapping[str, Any]) -> Any:
    result = _worked_out(template, lambda: _filled_in(template, context))
    if isinstance(result, str) and len(result) > _MAX_TEXT:
        raise TemplateProblem(template, f"becomes longer than {_MAX_TEXT:,} characters")
    return result


def _filled_in(template: str, context: Mapping[str, Any]) -> Any:
    if not is_single_expression(template):
        return _ENVIRONMENT.from_string(template).render(**context)
    expression = template.strip().removeprefix("{{").removesuffix("}}").strip("-+ \t\n")
    result = _ENVIRONMENT.compile_expression(expression, undefined_to_none=False)(**context)
    if isinstance(result, Undefined):
        str(result)  # a strict undefined raises what it has to say
    return result


def _worked_out(template: str, work: Callable[[], Any]) -> Any:
    """What comes of it; all that can go wrong within a template as a problem of it."""
    try:
        return work()
    except (
        TemplateError,
        ArithmeticError,
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:
        if isinstance(error, TemplateProblem):
            raise
        raise TemplateProblem(template, _clause(str(error))) from error
