"""Names of steps that mean something else."""

from platerunner.spec.draft import Draft

REPORT_MODULE = "imaging.montage"
"""The module that makes a gate's contact sheet."""
RESERVED = {
    "dataset": "`dataset.<files>` names the raw files",
    "workspace": "`workspace` is where results are written",
}


def report_name(gate: str) -> str:
    """The name of the step that makes a gate's contact sheet."""
    return f"{gate}_report"


def check_names(draft: Draft) -> None:
    """Note steps whose name is taken: by the language, or by the report of a gate."""
    for name in draft.step_names:
        if name in RESERVED:
            message = f"no step can be called `{name}`: {RESERVED[name]}"
            draft.source.at_key(("steps", name), message, f"Call it `{name}_step`, for example.", "reserved-name")
    for gate, data in draft.gates.items():
        report = report_name(gate)
        if report in draft.step_names and data.get("show"):
            message = f"`{report}` is the name of the report that belongs to the gate `{gate}`"
            draft.source.at_key(("steps", report), message, "Rename this step or the gate.", "reserved-name")
