"""Modules: what they are given in ``with``, the inputs and outputs that they know by name, their command lines."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from platerunner.catalog.loader import FILE_TYPES, WORDS, objection, unfit_items
from platerunner.catalog.model import Module, Parameter, Port
from platerunner.catalog.versions import unknown_module
from platerunner.documents.problems import suggest
from platerunner.documents.sentences import in_quotes, what_it_is
from platerunner.documents.source import Keys, NamedFileError, find_file
from platerunner.spec.draft import Data, Draft, settings, texts
from platerunner.spec.file_contents import UnfitFileError, check_content
from platerunner.spec.rules.patterns import braced
from platerunner.spec.templates import contains_template, is_template

WORKING_FOLDER, FOLDERS = "working_folder", ("out", "files")
"""Where a command may start, besides a place in its image."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = ("PLATERUNNER_", "AWS_BATCH_")


def check_modules(draft: Draft) -> None:
    """Note unknown modules, unknown, missing and wrong parameters, missing files, and steps without an image."""
    for name, step in draft.steps.items():
        for below, setting in settings(step):
            keys = ("steps", name, *below)
            module = _module(draft, keys, setting, step)
            if module is not None:
                if "module" in setting:
                    _warn_of_deprecated(draft, (*keys, "module"), module)
                _check_with(draft, keys, module, setting.get("with", {}))
                _check_required(draft, keys, module, effective_with(step, setting))
                _check_image(draft, keys, module, step, setting)


def effective_with(step: Data, setting: Data) -> Mapping[str, Any]:
    """The parameters in force under an override; as :meth:`platerunner.spec.steps.Step.under` has it."""
    own: Mapping[str, Any] = setting.get("with", {})
    same = setting.get("module", step.get("module")) == step.get("module")
    return {**step.get("with", {}), **own} if same else own


def _module(draft: Draft, keys: Keys, setting: Data, step: Data) -> Module | None:
    name = setting.get("module", step.get("module"))
    if name is not None and name not in draft.modules and "module" in setting:
        draft.source.at_value((*keys, "module"), *unknown_module(name, draft.modules), "unknown-module")
    return draft.modules.get(name)


def _warn_of_deprecated(draft: Draft, keys: Keys, module: Module) -> None:
    standing = module.standing
    if standing.status == "deprecated":
        until = f"; nobody answers for it after {standing.until}" if standing.until else ""
        other = standing.replaced_by
        remedy = f"Use `{other}`." if other else f"Ask {standing.owner or 'its owner'} what to use instead."
        draft.source.warn(draft.source.mark(keys).value, f"`{module.name}` is deprecated{until}", remedy, "deprecated")


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
    else:
        _check_meaning(draft, keys, parameter, value)


def _check_meaning(draft: Draft, keys: Keys, parameter: Parameter, value: Any) -> None:
    """What a type does not say of a value: files that are there, variables, folders."""
    if parameter.type in FILE_TYPES:
        _check_file(draft, keys, parameter, value, kind=parameter.type)
    elif parameter.items in FILE_TYPES:
        for index, name in enumerate(value):
            if not contains_template(name):
                _check_file(draft, (*keys, index), parameter, name, kind=parameter.items)
    elif parameter.name == "environment" and parameter.type == "object":
        _check_environment(draft, keys, value)
    elif parameter.name == WORKING_FOLDER and value not in FOLDERS and not value.startswith("/"):
        message = f"`{value}` is no folder that a program can start in"
        remedy = "Write `out`, `files`, or an absolute path in the image, such as `/opt/tool`."
        draft.source.at_value(keys, message, remedy, "unknown-folder")


def _check_environment(draft: Draft, keys: Keys, values: Mapping[str, Any]) -> None:
    """Note what is no variable, and variables that the runner sets itself."""
    for name, value in values.items():
        if not _VARIABLE.fullmatch(name):
            message, remedy = f"`{name}` is no name of a variable", "Write letters, digits and `_`, a digit not first."
            draft.source.at_key((*keys, name), message, remedy, "bad-variable")
        elif name.startswith(_RESERVED) or name == "TMPDIR":
            message = f"the variable `{name}` is set by the runner"
            draft.source.at_key((*keys, name), message, "Delete it, or give yours another name.", "reserved-variable")
        elif isinstance(value, dict | list) or value is None:
            message = f"the variable `{name}` should be text or a number, not {what_it_is(value)}"
            draft.source.at_value((*keys, name), message, "Put it in quotes.", "wrong-type")


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


def _check_file(draft: Draft, keys: Keys, parameter: Parameter, name: str, *, kind: str) -> None:
    try:
        path = find_file(draft.source.path.parent, name, kind=kind)
        if parameter.content:
            check_content(parameter, name, path)
    except NamedFileError as error:
        draft.source.at_value(keys, error.message, error.remedy, error.code)
    except UnfitFileError as error:
        draft.source.at_value(keys, error.message, error.remedy, "unfit-file")


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
    if not isinstance(values.get("argv"), list) or not module.takes_argv:
        return
    known = _known(draft, step, values)
    own = (*("steps", step), *below, "with", "argv")
    keys = own if own in draft.source.marks else ("steps", step, "with", "argv")
    for index, argument in enumerate(values["argv"]):
        for found in _PLACEHOLDER.finditer(argument) if isinstance(argument, str) and "{{" not in argument else ():
            if found[1] is not None and found[1] not in known and not _is_doubtful(draft, step, found[1]):
                at = draft.source.inside((*keys, index), found.start())
                remedy = f"{_meant(found[1], known)} A brace is `{{{{`."
                draft.source.add(at, f"nothing is called `{{{found[1]}}}`", remedy, "unknown-placeholder")


def _meant(placeholder: str, known: Iterable[str]) -> str:
    """The remedy for a placeholder that nothing is called: people write `{well}` for `{values.well}`."""
    bare = {placeholder, placeholder.partition(".")[2] or placeholder}
    same = sorted(f"`{{{name}}}`" for name in known if name.partition(".")[2] in bare)
    return f"Write {' or '.join(same)}." if same else suggest(placeholder, known, "placeholders")


def _is_doubtful(draft: Draft, step: str, placeholder: str) -> bool:
    """Whether something is wrong, and noted, where a placeholder's name would come from."""
    kind = placeholder.partition(".")[0]
    place = {"values": "foreach", "params": "with", "files": "with"}.get(kind, kind)
    return place in {"inputs", "outputs", "foreach", "with"} and draft.is_doubtful("steps", step, place)


def _known(draft: Draft, step: str, values: Data) -> set[str]:
    data = draft.steps[step]
    known = {"unit", "table", "out", *(f"params.{name}" for name in values if name != "argv")}
    known |= {f"{kind}.{name}" for kind in ("inputs", "outputs") for name in data.get(kind, {})}
    known |= {f"files.{name}" for _, name in texts(values.get("files"))}
    return known | {f"values.{name}" for name in data.get("foreach", ()) if name}


_OF_THE_PROGRAM = frozenset({"argv", "files", "environment", WORKING_FOLDER})
"""Parameters that do something without a placeholder."""
_FILES = re.compile(r"\{(inputs|outputs)\.([^{}]*)\}")
_OF_ITS_OWN = """Make it an argument of its own: `[sh, -c, 'cat "$@" > "$0"', "{outputs.all}", "{inputs.tables}"]`."""
_PARAMS = re.compile(r"\{params\.([^{}]*)\}")


def check_parameters(draft: Draft) -> None:
    """Note parameters that no argument of a command uses."""
    for own, setting, argv, _ in _commands(draft):
        _check_use(draft, own, setting.get("with", {}), argv)


def check_lists_in_text(draft: Draft) -> None:
    """Note placeholders inside a longer argument that may stand for several files.

    Asked at commit alone: where a unit has one such file after all, its command works, and no run is refused for it.
    """
    for own, setting, argv, step in _commands(draft):
        if "argv" in setting.get("with", {}):
            _check_arguments(draft, (*own, "argv"), step, argv)


def _commands(draft: Draft) -> Iterator[tuple[Keys, Data, list[object], str]]:
    """Each command line without a problem so far, with its place, its setting and its step."""
    for name, step in draft.steps.items():
        for below, setting in settings(step):
            module = draft.modules.get(setting.get("module", step.get("module")))
            argv = effective_with(step, setting).get("argv")
            if module is None or not isinstance(argv, list) or not module.takes_argv:
                continue
            if draft.is_doubtful("steps", name, "with") or draft.is_doubtful("steps", name, *below, "with"):
                continue
            yield ("steps", name, *below, "with"), setting, argv, name


def _check_arguments(draft: Draft, keys: Keys, step: str, argv: list[object]) -> None:
    for index, argument in enumerate(argv):
        if not isinstance(argument, str) or is_template(argument):
            continue
        for found in _FILES.finditer(argument) if not _FILES.fullmatch(argument) else ():
            more = list(_several(draft, step, found[1], found[2]))
            if more:
                at = draft.source.inside((*keys, index), found.start())
                message = (
                    f"`{found[0]}` stands for several files (of each {braced(more)}), but is inside a longer argument"
                )
                draft.source.add(at, message, _OF_ITS_OWN, "list-in-text")


def _several(draft: Draft, step: str, kind: str, name: str) -> Iterator[str]:
    """The wildcards of an input or an output that surely have several values in one unit."""
    data = draft.steps[step]
    value = data.get(kind, {}).get(name)
    if value is None or draft.is_doubtful("steps", step, kind) or draft.is_doubtful("steps", step, "foreach"):
        return
    pattern = draft.referred(value) if kind == "inputs" else draft.outputs.get(draft.origins[step], {}).get(name)
    per_unit = {wildcard for _, wildcard in texts(data.get("foreach"))}
    fixed = {
        key
        for key, item in draft.data.get("dataset", {}).get("where", {}).items()
        if (is_template(item) or not isinstance(item, list) or len(item) == 1)
    }
    for wildcard in pattern.wildcards if pattern else ():
        if wildcard not in per_unit | fixed | set(data.get("every", {})):
            yield wildcard


def _check_use(draft: Draft, keys: Keys, values: Data, argv: list[object]) -> None:
    words = [word for word in argv if isinstance(word, str)]
    used = {found[1] for word in words for found in _PARAMS.finditer(word)}
    if any(is_template(word) or "{unit}" in word or "{matrix." in word for word in words) or not used <= set(values):
        return  # a program that reads unit.json may use all of them; a misspelt one has a rule of its own
    for name in values:
        if name not in _OF_THE_PROGRAM and name not in used and not draft.is_doubtful(*keys, name):
            message = f"no argument of the command uses `{name}`"
            remedy = f"Put `{{params.{name}}}` into `argv`, or take it out of `with`."
            draft.source.at_key((*keys, name), message, remedy, "unused-parameter")
