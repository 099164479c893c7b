"""An answer as a page: each query has a template of its own."""

from importlib.resources import files
from typing import Any

import jinja2

from platerunner.engine.ledger.asking.duck import Answer
from platerunner.engine.ledger.asking.queries import Query


def show_page(query: Query, answer: Answer, asked: dict[str, Any]) -> str:
    """The page of an answer, as HTML in one file.

    :param asked: parameters as a person gave them.
    """
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    values = {each.name: asked.get(each.name, each.default) for each in query.parameters}
    return (
        _templates()
        .get_template(f"{query.name}.html")
        .render(title=query.title, columns=answer.columns, rows=rows, asked=values)
    )


def _templates() -> jinja2.Environment:
    folder = files(__package__) / "queries"
    loader = jinja2.FunctionLoader(lambda name: (folder / name).read_text())
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["cell"] = _cell
    return environment


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return "" if value is None else str(value)
