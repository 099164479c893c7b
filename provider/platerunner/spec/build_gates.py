"""Gates of a valid spec, and the steps that make their contact sheets, as the frozen model."""

from platerunner.catalog import quantities
from platerunner.catalog.loader import resources
from platerunner.catalog.model import Resources
from platerunner.spec import model
from platerunner.spec.build_steps import needs, reference, retry_policy
from platerunner.spec.draft import Data, Draft
from platerunner.spec.rules.names import REPORT_MODULE, report_name
from platerunner.spec.split import shown_wildcards, split_wildcard
from platerunner.spec.targets import parse_output


def build_gate(draft: Draft, name: str, data: Data, position: model.Position) -> model.Gate:
    """A gate; what it shows goes through its report."""
    return model.Gate(
        name=name,
        title=data["gate"],
        needs=needs(draft, data),
        show={key: _shown(draft, value) for key, value in data.get("show", {}).items()},
        checks=data.get("checks", {}),
        approvers=tuple(data.get("approvers", ())),
        timeout=quantities.duration(data["timeout"]) if "timeout" in data else None,
        position=position,
        report=report_name(name) if data.get("show") else None,
        assets=tuple(data.get("assets", ())),
    )


def build_report(draft: Draft, gate: model.Gate) -> model.Step:
    """The step that makes a gate's contact sheet: one per plate, and per branch, if all that is shown is told apart."""
    refs = {key: ref if isinstance(ref, model.InputRef) else _workspace(ref) for key, ref in gate.show.items()}
    common = shown_wildcards(draft, gate.name)
    foreach = tuple(name for name in dict.fromkeys([split_wildcard(draft), "plate"]) if name in common)
    folder = "/".join(["gates", gate.name, *(f"{{{name}}}" for name in foreach)])
    return model.Step(
        name=report_name(gate.name),
        module=REPORT_MODULE,
        foreach=foreach,
        inputs=refs,
        outputs={
            "montage": model.Output("montage", f"{folder}/montage.png"),
            "page": model.Output("page", f"{folder}/report.html"),
            "numbers": model.Output("numbers", f"{folder}/numbers.json"),
        },
        with_=draft.gates[gate.name].get("report", {}),
        needs=gate.needs,
        resources=_report_resources(draft),
        retry=retry_policy(draft.data.get("defaults", {}).get("retry", {})),
        cost_tags=draft.data.get("cost_tags", {}),
        title=f"Report for: {gate.title}",
        position=gate.position,
    )


def _shown(draft: Draft, text: str) -> str | model.InputRef:
    return reference(draft, text) if parse_output(text) else text


def _workspace(pattern: str) -> model.InputRef:
    return model.InputRef("workspace", pattern)


def _report_resources(draft: Draft) -> Resources:
    """A contact sheet needs little, whatever the steps need; but who avoids spot instances avoids them here, too."""
    defaults = draft.data.get("defaults", {}).get("resources", {})
    capacity = {key: value for key, value in defaults.items() if key == "capacity"}
    return resources(capacity, base=draft.modules[REPORT_MODULE].resources)
