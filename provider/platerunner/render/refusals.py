"""What this Airflow cannot do of what a spec asks for, as a problem at its line."""

from platerunner.documents.source import Position
from platerunner.spec.model import Pipeline
from platerunner.spec.problems import Problem


def refusal(pipeline: Pipeline, at: Position, sentence: str, remedy: str, code: str) -> Problem:
    """A problem of a spec that is valid, and that this Airflow cannot carry out.

    :param at: where the spec asks for it.
    """
    path = pipeline.parts[at.file - 1] if at.file else pipeline.path
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    excerpt = lines[at.line - 1] if at.line <= len(lines) else ""
    return Problem(path, at.line, at.column, sentence, remedy, code, excerpt)
