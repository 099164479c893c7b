"""The reference page of the language, from its schema.

Write it with ``python -m platerunner.spec.reference > docs/reference/spec.md``.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from platerunner.catalog.loader import catalog_schema
from platerunner.spec.schema import pipeline_schema, schema

Node = Mapping[str, Any]

_HEAD = """# The spec language

<!-- Made by `python -m platerunner.spec.reference`; change `pipeline.schema.json` instead. -->

{description}

Save the schema next to your specs with `platerunner schema > pipeline.schema.json` and begin each spec with the line
below; editors that know the YAML language server then complete and check as you type.

    # yaml-language-server: $schema=pipeline.schema.json

A small one:

```yaml
{example}
```

`<name>` below stands for a name of your own. Quantities have units: `8 GiB`, `500 MB`, `30 min`, `2 h`, `7 d`, `2%`,
`x2`. Text is taken as written: a plate `0512` stays `0512`. "Templated" values may hold Jinja expressions over
`params`, `data_root`, `workspace_root`, `run_id` and `logical_date`.
"""


def page() -> str:
    """The page in Markdown."""
    root = pipeline_schema().root
    head = _HEAD.format(description=schema()["description"], example=_block(root["examples"][0]).rstrip())
    sections = [_section("", "The file", root)]
    for path, title, node in _sections(root):
        sections.append(_section(path, title, node))
    return "\n".join([head, *sections])


_CATALOG_HEAD = """# The language of the catalog

<!-- Made by `python -m platerunner.spec.reference catalog`; change `catalog.schema.json` instead. -->

{description} A lab's own files are found
by the variable `PLATERUNNER_CATALOG`: [write a module](../how-to/own-modules.md).

Save the schema with `platerunner schema --catalog > catalog.schema.json`, and begin each file with

    # yaml-language-server: $schema=catalog.schema.json
"""


def catalog_page() -> str:
    """The page of catalog files in Markdown."""
    root = catalog_schema().root
    module = _only(root["properties"]["modules"])
    parts = module["properties"]
    sections = [("", "The file", root), ("modules.<name>", "A module", module)]
    sections += [("modules.<name>.parameters.<name>", "A parameter", _only(parts["parameters"]))]
    sections += [("modules.<name>.inputs.<name>", "An input or an output", _only(parts["inputs"]))]
    sections += [("modules.<name>.resources", "resources", parts["resources"])]
    sections += [("modules.<name>.takes", "takes", parts["takes"])]
    sections += [("images.<name>", "An image", _only(root["properties"]["images"]))]
    head = _CATALOG_HEAD.format(description=catalog_schema().raw["description"])
    return "\n".join([head, *(_section(*each) for each in sections)])


def _sections(root: Node) -> Iterator[tuple[str, str, Node]]:
    properties = root["properties"]
    yield "schedule", "A schedule after assets or uploads", properties["schedule"]["anyOf"][1]
    yield "notify", "notify", properties["notify"]
    way = properties["notify"]["properties"]["on_failure"]["items"]
    yield "notify.<event>[]", "A way of telling", way
    yield "notify.<event>[].slack", "Slack", way["properties"]["slack"]
    yield "notify.<event>[].email", "E-mail in its long form", way["properties"]["email"]["anyOf"][1]
    yield "notify.<event>[].sns", "SNS", way["properties"]["sns"]
    yield "budget", "budget", properties["budget"]
    yield "storage", "storage", properties["storage"]
    yield "split", "split in its long form", properties["split"]["anyOf"][1]
    yield "params.<name>", "params", _only(properties["params"])
    yield "dataset", "dataset", properties["dataset"]
    files = _only(properties["dataset"]["properties"]["files"])
    yield "dataset.files.<name>", "A file set in its long form", files["anyOf"][1]
    yield "dataset.files.<name>.rename", "rename", files["anyOf"][1]["properties"]["rename"]
    yield "dataset.files.<name>.derive", "derive", files["anyOf"][1]["properties"]["derive"]
    yield "dataset.files.<name>.planes", "planes", files["anyOf"][1]["properties"]["planes"]
    yield "dataset.restore", "restore", properties["dataset"]["properties"]["restore"]
    yield "dataset.exclude[]", "An exclusion", properties["dataset"]["properties"]["exclude"]["items"]
    yield "defaults", "defaults", properties["defaults"]
    yield "defaults.resources", "resources", properties["defaults"]["properties"]["resources"]
    yield "defaults.retry", "retry", properties["defaults"]["properties"]["retry"]
    step, gate = _only(properties["steps"])["oneOf"]
    yield "steps.<name>", "A step", step
    own = _only(step["properties"]["foreach"]["anyOf"][1])["anyOf"]
    rows = next(each for each in own if "table" in each.get("properties", {}))
    yield "steps.<name>.foreach.<wildcard>", "Values of foreach from a table", rows
    yield "steps.<name>.load_data", "load_data", step["properties"]["load_data"]
    yield "steps.<name>.batch", "batch in its long form", step["properties"]["batch"]["anyOf"][1]
    yield "steps.<name>.leave_out", "leave_out", step["properties"]["leave_out"]
    yield "steps.<name>.assets[]", "An asset with keys", step["properties"]["assets"]["items"]["anyOf"][1]
    output = _only(step["properties"]["outputs"])["anyOf"][1]
    yield "steps.<name>.outputs.<name>", "An output in its long form", output
    yield "steps.<name>.overrides[]", "An override", step["properties"]["overrides"]["items"]
    yield "steps.<name>", "A gate", gate
    yield "steps.<name>.checks.<name>", "A check", _only(gate["properties"]["checks"])
    yield "steps.<name>.report", "A gate's report", gate["properties"]["report"]


def _only(node: Node) -> Node:
    """The schema of the values of a mapping with names of one's own."""
    (child,) = node["patternProperties"].values()
    return child  # type: ignore[no-any-return]


def _section(path: str, title: str, node: Node) -> str:
    place = f"`{path}`. " if path else ""
    lines = [f"## {title}", "", f"{place}{node['description']}", ""]
    lines += ["| key | value | default | meaning | example |", "|---|---|---|---|---|"]
    required = set(node.get("required", ()))
    lines += [_row(key, child, required=key in required) for key, child in node.get("properties", {}).items()]
    lines += [_row("<wildcard>", child, required=False) for child in node.get("patternProperties", {}).values()]
    return "\n".join([*lines, ""])


def _row(key: str, node: Node, *, required: bool) -> str:
    default = "required" if required else _code(node["default"]) if "default" in node else ""
    example = _code(node["examples"][0]) if node.get("examples") else ""
    cells = (f"`{key}`", _kind(node), default, node["description"], example)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _kind(node: Node) -> str:
    if "const" in node:
        return _code(node["const"])
    if "enum" in node:
        return " or ".join(_code(value) for value in node["enum"])
    alternatives = node.get("anyOf") or node.get("oneOf")
    if alternatives:
        return " or ".join(dict.fromkeys(_kind(item) for item in alternatives))
    types = node.get("type", "any value")
    words = [_WORDS.get(name, name) for name in ([types] if isinstance(types, str) else types)]
    templated = ", templated" if "x-template" in node else ""
    return f"{node.get('x-quantity') or ' or '.join(words)}{_limits(node)}{templated}"


_WORDS = {"object": "keys", "array": "list", "string": "text", "integer": "whole number"}
_LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def _limits(node: Node) -> str:
    found = [f"{sign} {node[key]}" for key, sign in _LIMITS.items() if key in node]
    return f" ({', '.join(found)})" if found else ""


def _code(value: Any) -> str:
    return f"`{_flow(value)}`"


def _flow(value: Any) -> str:
    """YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    plain = isinstance(value, str) and value and not set(value) & set("{}[]*&!|>%@,#:'`")
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


def _block(value: Node, indent: str = "") -> str:
    """YAML with a key on each line, as far as that reads well."""
    lines = ""
    for key, item in value.items():
        deep = isinstance(item, dict) and any(isinstance(inner, dict) for inner in item.values())
        deep = deep or (isinstance(item, dict) and len(_flow(item)) > 60)
        lines += f"{indent}{key}:\n{_block(item, indent + '  ')}" if deep else f"{indent}{key}: {_flow(item)}\n"
    return lines


if __name__ == "__main__":
    sys.stdout.write(catalog_page() if sys.argv[1:] == ["catalog"] else page())
