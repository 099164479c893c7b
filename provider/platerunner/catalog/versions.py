"""Several versions of a module side by side: which one `imaging.montage@^1.2` means, and how to say that none fits."""

import re
from collections.abc import Mapping

from platerunner.catalog.model import Module
from platerunner.documents.problems import suggest

_WANTED = re.compile(r"(?P<caret>\^?)(?P<numbers>[0-9]+(?:\.[0-9]+){0,2})")
Numbers = tuple[int, ...]


def name_of(text: str) -> str:
    """A module's name without the version."""
    return text.partition("@")[0]


def version_of(text: str) -> str:
    """The version that a name in the catalog ends in; empty if it has none."""
    return text.partition("@")[2]


def resolve(text: str, modules: Mapping[str, Module]) -> str | None:
    """The name in the catalog that a spec means: of all versions that fit, the newest.

    :param text: ``imaging.montage``, or with a version: ``@1.2.0`` is that one, ``@1.2`` any 1.2, ``@^1.2`` any from
        there to before 2.0; as npm has it, ``@^0.2`` ends before 0.3.
    :returns: None if no module fits.
    """
    name, at, wanted = text.partition("@")
    if not at:
        return text if text in modules else None
    found = _WANTED.fullmatch(wanted)
    if found is None:
        return None
    least = _numbers(found["numbers"])
    fitting = [
        (numbers, key)
        for key, module in versions(name, modules).items()
        if (numbers := _numbers(module.version)) and _fits(numbers, least, is_open=bool(found["caret"]))
    ]
    return max(fitting)[1] if fitting else None


def versions(name: str, modules: Mapping[str, Module]) -> dict[str, Module]:
    """All versions of a module, by their names in the catalog."""
    return {key: module for key, module in modules.items() if name_of(key) == name}


def unknown_module(text: str, modules: Mapping[str, Module]) -> tuple[str, str]:
    """Message and remedy for a module that the catalog does not have, or not in this version."""
    name, at, wanted = text.partition("@")
    there = versions(name, modules)
    if not at or not there:
        known = {name_of(key) for key in modules}
        return f"no module is called `{name}`", suggest(name, known, "modules of the catalog")
    if _WANTED.fullmatch(wanted) is None:
        return f"`{wanted}` is no version", "Write `@1.2.0` for one, `@1.2` for any 1.2, `@^1.2` for 1.2 and newer."
    told = sorted((module.version for module in there.values() if module.version), key=_numbers)
    if not told:
        return f"the catalog does not say which version `{name}` is", f"Write `{name}` alone."
    return f"the catalog has no `{name}` of version {wanted}", f"It has {', '.join(told)}."


def _numbers(version: str) -> Numbers:
    return tuple(map(int, version.split("."))) if version else ()


def _fits(numbers: Numbers, least: Numbers, *, is_open: bool) -> bool:
    if not is_open:
        return numbers[: len(least)] == least
    fixed = next((index for index, number in enumerate(least) if number), len(least) - 1) + 1
    return numbers[:fixed] == least[:fixed] and numbers >= least
