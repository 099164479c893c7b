"""Modules and what they are given in ``with``."""

from collections.abc import Mapping
from typing import Any

from platerunner.catalog.loader import unknown_module
from platerunner.catalog.model import Module, Parameter
from platerunner.catalog.parameters import FILE_TYPES, WORDS, objection, unfit_items
from platerunner.documents.problems import suggest
from platerunner.documents.sentences import in_quotes, what_it_is
from platerunner.documents.source import Keys
from platerunner.spec.draft import Data, Draft, settings
from platerunner.spec.named_files import NamedFileError, find
from platerunner.spec.templates import contains_template


def check_modules(draft: Draft) -> None:
    """Note unknown modules, unknown, missing and wrong parameters, missing files, and steps without an image."""
    for name, step in draft.steps.items():
        for below, setting in settings(step):
            keys = ("steps", name, *below)
            module = _module(draft, keys, setting, step)
            if module is not None:
                _check_with(draft, keys, module, setting.get("with", {}))
                _check_required(draft, keys, module, effective_with(step, setting))
                _check_image(draft, keys, module, step, setting)


def effective_with(step: Data, setting: Data) -> Mapping[str, Any]:
    """The parameters in force under an override; as :meth:`platerunner.spec.model.Step.under` has it."""
    own: Mapping[str, Any] = setting.get("with", {})
    same = setting.get("module", step.get("module")) == step.get("module")
    return {**step.get("with", {}), **own} if same else own


def _module(draft: Draft, keys: Keys, setting: Data, step: Data) -> Module | None:
    name = setting.get("module", step.get("module"))
    if name is not None and name not in draft.modules and "module" in setting:
        draft.source.at_value((*keys, "module"), *unknown_module(name, draft.modules), "unknown-module")
    return draft.modules.get(name)


def _check_with(draft: Draft, keys: Keys, module: Module, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        place = (*keys, "with", key)
        parameter = module.parameters.get(key)
        if parameter is None and not module.open_parameters:
            remedy = suggest(key, module.parameters, f"parameters of `{module.name}`")
            draft.source.at_key(place, f"`{module.name}` has no parameter `{key}`", remedy, "unknown-parameter")
        elif parameter is not None and not contains_template(value) and not draft.is_doubtful(*place):
            _check_value(draft, place, parameter, value)


def _check_value(draft: Draft, keys: Keys, parameter: Parameter, value: Any) -> None:
    wrong = objection(parameter, value)
    item = next(unfit_items(parameter, value), None)
    if item is not None:
        words = (
            f"`{parameter.name}[{item}]` should be {WORDS[parameter.items or 'string']}, not {what_it_is(value[item])}"
        )
        remedy = in_quotes(value[item]) or parameter.description
        draft.source.at_value((*keys, item), words, remedy, "wrong-type")
    elif wrong:
        draft.source.at_value(
            keys, f"`{parameter.name}` {wrong}, not {what_it_is(value)}", parameter.description, "wrong-type"
        )
    elif parameter.type in FILE_TYPES:
        _check_file(draft, keys, value, kind=parameter.type)


def _check_required(draft: Draft, keys: Keys, module: Module, values: Mapping[str, Any]) -> None:
    if draft.is_doubtful(*keys, "with") or draft.is_doubtful(*keys[:2], "with"):
        return
    for parameter in module.parameters.values():
        if parameter.required and parameter.name not in values:
            message = f"`{module.name}` needs the parameter `{parameter.name}`"
            remedy = f"Add it under `with`: {parameter.description}"
            place = next((k for k in ((*keys, "with"), (*keys, "module")) if k in draft.source.marks), keys)
            draft.source.at_key(place, message, remedy, "missing-parameter")


def _check_image(draft: Draft, keys: Keys, module: Module, step: Data, setting: Data) -> None:
    default = draft.data.get("defaults", {}).get("image")
    named = module.image or setting.get("image") or step.get("image") or default
    if not (named or draft.is_doubtful(*keys) or draft.is_doubtful("defaults")):
        message, remedy = f"`{module.name}` brings no image of its own", "Add `image:` to the step, or to `defaults`."
        draft.source.at_value((*keys, "module"), message, remedy, "missing-image")


def _check_file(draft: Draft, keys: Keys, name: str, *, kind: str) -> None:
    try:
        find(draft.source.path.parent, name, kind=kind)
    except NamedFileError as error:
        draft.source.at_value(keys, error.message, error.remedy, error.code)
