"""Tags of AWS: what a name and a value may be, and how many a job may have."""

import unicodedata

MOST = 50
"""The most tags that a resource of AWS can have."""
LONGEST_NAME, LONGEST_VALUE = 128, 256
_SIGNS = frozenset("_.:/=+-@")
_CLASSES = "LNZ"
"""Unicode's letters, numbers, separators. AWS: ``[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*``; Python has no ``\\p``."""
OF_AWS = ("aws:",)
OF_OTHERS = (*OF_AWS, "platerunner:")
"""What a spec may not use: IT's tag of the environment, by which its roles go, and those of jobs begin so."""


def name_objection(name: str, reserved: tuple[str, ...] = OF_OTHERS) -> str:
    """Why a tag cannot have this name, as a clause; empty if it can.

    :param reserved: how the names of others begin.
    """
    if not name:
        return "it is empty"
    start = next((start for start in reserved if name.lower().startswith(start)), "")
    return f"`{start}` begins the names of others" if start else _text_objection(name, LONGEST_NAME)


def value_objection(value: str) -> str:
    """Why a tag cannot have this value, as a clause; empty if it can."""
    return _text_objection(value, LONGEST_VALUE)


def _text_objection(text: str, longest: int) -> str:
    if len(text) > longest:
        return f"it has {len(text)} characters, and AWS takes {longest}"
    odd = next((sign for sign in text if sign not in _SIGNS and unicodedata.category(sign)[0] not in _CLASSES), "")
    if not odd:
        return ""
    shown = f"`{odd}`" if odd.isprintable() and not unicodedata.combining(odd) else f"U+{ord(odd):04X}"
    composed = unicodedata.normalize("NFC", text)
    return f"it has {shown}" + (f"; written `{composed}`, in one character, it is taken" if _is_one(composed) else "")


def _is_one(text: str) -> bool:
    return all(sign in _SIGNS or unicodedata.category(sign)[0] in _CLASSES for sign in text)
