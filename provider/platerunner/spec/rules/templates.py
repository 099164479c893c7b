"""Templates stand only where the schema says, and read only what is there."""

from platerunner.documents.nodes import Node
from platerunner.documents.problems import suggest
from platerunner.documents.sentences import where
from platerunner.documents.source import Keys
from platerunner.spec import templates
from platerunner.spec.draft import Draft


def check_templates(draft: Draft) -> None:
    """Note templates in the wrong place, that cannot be read, or that read unknown names."""
    for keys, value, schema in draft.places:
        if "x-template" in schema:
            _check_below(draft, keys, value, schema)
        elif templates.is_template(value) and keys[:1] != ("params",):
            message = f"{where(keys)} is taken as it is; no template is filled in here"
            remedy = "Templates work in `workspace`, `dataset.root`, `dataset.where`, `with` and `when`."
            draft.source.at_value(keys, message, remedy, "template-not-allowed")


def _check_below(draft: Draft, keys: Keys, value: object, schema: Node) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _check_below(draft, (*keys, key), item, schema)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_below(draft, (*keys, index), item, schema)
    elif isinstance(value, str) and (templates.is_template(value) or keys[-1] == "when"):
        _check_template(draft, keys, value, schema)


def _check_template(draft: Draft, keys: Keys, text: str, schema: Node) -> None:
    try:
        if keys[-1] == "when" and not templates.is_single_expression(text):
            remedy = "Write it like `{{ params.engine == 'cellprofiler' }}`."
            draft.source.at_value(keys, f"{where(keys)} is not one template expression", remedy, "bad-template")
            return
        if keys[-1] == "when" and templates.is_text(text):
            message, remedy = (
                f"{where(keys)} is text, not a condition",
                "Compare a param: `{{ params.engine == 'cellprofiler' }}`.",
            )
            draft.source.at_value(keys, message, remedy, "bad-template")
            return
        names = templates.names_in(text)
        templates.refuse_constants(text)
    except templates.TemplateProblem as problem:
        remedy = "Write an expression like `{{ params.wells }}`; see Jinja's documentation of templates."
        draft.source.at_value(keys, str(problem), remedy, "bad-template")
        return
    for path in sorted(names):
        _check_name(draft, keys, text, path, schema["x-template"])


def _check_name(draft: Draft, keys: Keys, text: str, path: tuple[str, ...], allowed: list[str]) -> None:
    params = draft.data.get("params", {})
    if path[0] not in allowed:
        message, remedy = f"no template here knows `{path[0]}`", suggest(path[0], allowed, "names")
        if path[0] in params:
            remedy = f"Did you mean `params.{path[0]}`?"
    elif path[0] == "params" and len(path) > 1 and path[1] not in params and not draft.is_doubtful("params"):
        if hasattr(dict, path[1]):
            return
        message, remedy = f"`params` has no `{path[1]}`", suggest(path[1], params, "params")
    else:
        return
    offset = max(0, text.find(path[-1]))
    draft.source.add(draft.source.inside(keys, offset), message, remedy, "unknown-name")
