"""Command lines: what stands for several files cannot stand inside a word, and a parameter is there to be used."""

import re
from collections.abc import Iterator

from platerunner.documents.source import Keys
from platerunner.spec.draft import Data, Draft, settings, texts
from platerunner.spec.rules.modules import effective_with
from platerunner.spec.rules.patterns import braced
from platerunner.spec.templates import is_template

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
    """Each command line that is beyond doubt, with where it stands, its setting and its step."""
    for name, step in draft.steps.items():
        for below, setting in settings(step):
            module = draft.modules.get(setting.get("module", step.get("module")))
            argv = effective_with(step, setting).get("argv")
            if module is None or module.tool != "command" or not isinstance(argv, list):
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
    """The wildcards of an input or an output of which one unit surely has several values."""
    data = draft.steps[step]
    value = data.get(kind, {}).get(name)
    if value is None or draft.is_doubtful("steps", step, kind) or draft.is_doubtful("steps", step, "foreach"):
        return
    pattern = draft.referred(value) if kind == "inputs" else draft.outputs.get(draft.origins[step], {}).get(name)
    per_unit = {wildcard for _, wildcard in texts(data.get("foreach"))}
    fixed = {key for key, item in draft.data.get("dataset", {}).get("where", {}).items() if _may_be_one(item)}
    for wildcard in pattern.wildcards if pattern else ():
        if wildcard not in per_unit | fixed | set(data.get("every", {})):
            yield wildcard


def _may_be_one(value: object) -> bool:
    return is_template(value) or not isinstance(value, list) or len(value) == 1


def _check_use(draft: Draft, keys: Keys, values: Data, argv: list[object]) -> None:
    words = [word for word in argv if isinstance(word, str)]
    used = {found[1] for word in words for found in _PARAMS.finditer(word)}
    if any(is_template(word) or "{unit}" in word or "{matrix." in word for word in words) or not used <= set(values):
        return  # a program that reads unit.json may use all of them; a misspelt one has a rule of its own
    for name in values:
        if name != "argv" and name not in used and not draft.is_doubtful(*keys, name):
            message = f"no argument of the command uses `{name}`"
            remedy = f"Put `{{params.{name}}}` into `argv`, or take it out of `with`."
            draft.source.at_key((*keys, name), message, remedy, "unused-parameter")
