"""The core schema of YAML 1.2: which plain scalars are null, booleans and numbers (YAML 1.2.2, chapter 10.3).

YAML 1.1, which PyYAML follows, reads plate ``0512`` as 330, ``1:30`` as 90 and ``NO`` as false.
"""

import math
import re
from collections.abc import Callable
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode
from yaml.resolver import BaseResolver

STR, NULL, BOOL, INT, FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("str", "null", "bool", "int", "float"))
MAP, SEQ = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
KNOWN_TAGS = frozenset({STR, NULL, BOOL, INT, FLOAT, MAP, SEQ})

_RESOLVERS = (
    (NULL, r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    (BOOL, r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    (INT, r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (FLOAT, r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    (FLOAT, r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.")),
)


class CoreResolver(BaseResolver):
    """Gives nodes their tags."""

    def resolve(self, kind: type[Node], value: str | None, implicit: tuple[bool, bool]) -> str:
        """As PyYAML's, without resolvers for paths, which this has none of.

        :param implicit: whether a scalar without a tag is plain, and whether it is not.
        """
        if kind is not ScalarNode:
            return MAP if kind is MappingNode else SEQ
        if implicit[0] and value is not None:
            for tag, expression in self.yaml_implicit_resolvers.get(value[:1], ()):
                if expression.match(value):
                    return tag  # type: ignore[no-any-return]
        return STR


for _tag, _expression, _first in _RESOLVERS:
    CoreResolver.add_implicit_resolver(_tag, re.compile(rf"^(?:{_expression})$"), _first)


def _null(text: str) -> None:
    if text not in {"null", "Null", "NULL", "~", ""}:
        raise ValueError("not null")


def _bool(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("neither true nor false")
    return text.lower() == "true"


def _int(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text[2:] if base != 10 else text, base)


def _float(text: str) -> float:
    number = float(text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").replace(".nan", "nan"))
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


READERS: dict[str, Callable[[str], Any]] = {STR: str, NULL: _null, BOOL: _bool, INT: _int, FLOAT: _float}
"""Tag of a scalar to what makes its value of the text; they raise ValueError if the text is none of the tag, or a
number is not finite or longer than Python reads."""
