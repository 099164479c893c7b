"""Members of a matrix that an input, a picture or ``needs`` picks out."""

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft
from platerunner.spec.targets import Target


def check_selection(draft: Draft, keys: Keys, target: Target) -> bool:
    """Note values that no member of the matrix has; whether there is none such.

    :param keys: where the target stands.
    """
    matrix = draft.matrices.get(target.step)
    if draft.is_doubtful("steps", target.step, "matrix") or target.step not in draft.step_names:
        return True  # it is noted there, or as an unknown step
    if matrix is None:
        message = f"`{target.step}` has no matrix to pick from"
        draft.source.at_value(keys, message, f"Write `{target.step}` without brackets.", "bad-reference")
        return False
    for axis, value in target.where.items():
        if axis not in matrix.axes:
            remedy = suggest(axis, matrix.axes, "names of its matrix")
            draft.source.at_value(keys, f"the matrix of `{target.step}` has no `{axis}`", remedy, "unknown-name")
            return False
        if value not in matrix.axes[axis]:
            remedy = suggest(value, matrix.axes[axis], "values")
            message = f"`{axis}` of `{target.step}` has no value `{value}`"
            draft.source.at_value(keys, message, remedy, "unknown-name")
            return False
    return True
