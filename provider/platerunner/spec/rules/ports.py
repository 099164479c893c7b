"""Inputs and outputs that a module knows by name, and the placeholders of a command."""

import re
from collections.abc import Mapping

from platerunner.catalog.model import Module, Port
from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys
from platerunner.spec.draft import Data, Draft, settings
from platerunner.spec.rules.modules import effective_with

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


def check_ports(draft: Draft) -> None:
    """Note inputs and outputs that the module does not know, or lacks, and unknown placeholders."""
    for name, step in draft.steps.items():
        for below, setting in settings(step):
            module = draft.modules.get(setting.get("module", step.get("module")))
            if module is not None and "module" in setting:
                for kind, ports in (("inputs", module.inputs), ("outputs", module.outputs)):
                    _check_kind(draft, name, below, kind, module, ports)
            if module is not None and ("module" in setting or "with" in setting):
                _check_placeholders(draft, name, below, module, effective_with(step, setting))


def _check_kind(draft: Draft, step: str, below: Keys, kind: str, module: Module, ports: Mapping[str, Port]) -> None:
    given = draft.steps[step].get(kind, {})
    if not ports or draft.is_doubtful("steps", step, kind) or (kind == "outputs" and not given):
        return  # what is missing altogether, the schema notes
    for name in given:
        if name not in ports:
            message = f"`{module.name}` knows no {kind[:-1]} `{name}`"
            remedy = suggest(name, ports, f"{kind} of `{module.name}`")
            _note(draft, (step, kind, name), below, message, remedy)
    for name, port in ports.items():
        if port.required and name not in given:
            message = f"`{module.name}` needs the {kind[:-1]} `{name}`"
            _note(draft, (step, kind), below, message, f"Add it under `{kind}`: {port.description}")


def _note(draft: Draft, place: Keys, below: Keys, message: str, remedy: str) -> None:
    """At the input or output itself; of an override, at the module that it chooses."""
    if below:
        draft.source.at_value(("steps", place[0], *below, "module"), message, remedy, "unknown-port")
    else:
        draft.source.at_key(("steps", *place), message, remedy, "unknown-port")


def _check_placeholders(draft: Draft, step: str, below: Keys, module: Module, values: Data) -> None:
    if module.tool != "command" or not isinstance(values.get("argv"), list):
        return
    known = _known(draft, step, values)
    own = (*("steps", step), *below, "with", "argv")
    keys = own if own in draft.source.marks else ("steps", step, "with", "argv")
    for index, argument in enumerate(values["argv"]):
        for found in _PLACEHOLDER.finditer(argument) if isinstance(argument, str) and "{{" not in argument else ():
            if found[1] is not None and found[1] not in known and not _is_doubtful(draft, step, found[1]):
                at = draft.source.inside((*keys, index), found.start())
                remedy = f"{suggest(found[1], known, 'placeholders')} A brace is `{{{{`."
                draft.source.add(at, f"nothing is called `{{{found[1]}}}`", remedy, "unknown-placeholder")


def _is_doubtful(draft: Draft, step: str, placeholder: str) -> bool:
    """Whether something is wrong, and noted, where a placeholder's name would come from."""
    kind = placeholder.partition(".")[0]
    place = {"values": "foreach", "params": "with"}.get(kind, kind)
    return place in {"inputs", "outputs", "foreach", "with"} and draft.is_doubtful("steps", step, place)


def _known(draft: Draft, step: str, values: Data) -> set[str]:
    data = draft.steps[step]
    known = {"unit", "out", *(f"params.{name}" for name in values if name != "argv")}
    known |= {f"{kind}.{name}" for kind in ("inputs", "outputs") for name in data.get(kind, {})}
    return known | {f"values.{name}" for name in data.get("foreach", ()) if name}
