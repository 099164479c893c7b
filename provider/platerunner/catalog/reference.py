"""The reference page of the catalog: ``python -m platerunner.catalog.reference > docs/reference/modules.md``."""

import sys
from collections.abc import Iterator

from platerunner.catalog.loader import load_catalog
from platerunner.catalog.model import Module, Parameter, Resources
from platerunner.catalog.quantities import duration_text, size_text

_HEAD = """# Modules

<!-- Made by `python -m platerunner.catalog.reference`; change the catalog's YAML files instead. -->

What a step's `module` can be. `platerunner modules NAME` prints the same. Resources hold where neither the step nor
`defaults` says otherwise.
"""


def page() -> str:
    """The page in Markdown."""
    return "\n".join([_HEAD, *(line for _, module in sorted(load_catalog().items()) for line in _section(module))])


def kind(parameter: Parameter) -> str:
    """What a parameter may be, in a few words."""
    words = [f"{parameter.type} of {parameter.items}" if parameter.items else parameter.type]
    if parameter.enum:
        words.append("one of " + ", ".join(map(str, parameter.enum)))
    if parameter.minimum is not None:
        words.append(f"at least {parameter.minimum:g}")
    if parameter.required:
        words.append("required")
    if parameter.default is not None:
        words.append(f"default {parameter.default}")
    return ", ".join(words)


def amounts(resources: Resources) -> str:
    """Resources in one line."""
    parts = [
        f"{resources.vcpus:g} vCPU",
        f"memory {size_text(resources.memory)}",
        f"disk {size_text(resources.disk)}",
        f"timeout {duration_text(resources.timeout)}",
        resources.capacity,
    ]
    more = [f"{resources.gpus} GPU"] if resources.gpus else []
    return ", ".join([*parts, *more, *([f"pool {resources.pool}"] if resources.pool else [])])


def _takes(module: Module) -> str:
    if module.takes is None:
        return ""
    start, per_gib = duration_text(module.takes.start), duration_text(module.takes.per_gib)
    return f" A unit takes some {start}, and {per_gib} for each GiB of its inputs: a guess."


def _standing(module: Module) -> str:
    words = [
        f"Version {module.version}, {module.standing.status}" if module.version else module.standing.status.title()
    ]
    words += [f"until {module.standing.until}"] if module.standing.until else []
    words += [f"replaced by `{module.standing.replaced_by}`"] if module.standing.replaced_by else []
    return f" {', '.join(words)}."


def _section(module: Module) -> Iterator[str]:
    yield from (f"## {module.name}", "", f"**{module.title}.** {module.description}", "")
    image = f"`{module.image}`" if module.image else "the step names one"
    yield f"Image: {image}. Resources: {amounts(module.resources)}.{_takes(module)}{_standing(module)}"
    rows = [("with", each.name, kind(each), each.description) for each in module.parameters.values()]
    for word, ports in (("input", module.inputs), ("output", module.outputs)):
        rows += [(word, port.name, "required" if port.required else "", port.description) for port in ports.values()]
    yield from ("", "| | name | kind | meaning |", "|---|---|---|---|")
    for row in rows:
        first, name, words, meaning = (cell.replace("|", "\\|") for cell in row)
        yield f"| {first} | `{name}` | {words} | {meaning} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
