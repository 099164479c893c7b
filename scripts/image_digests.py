"""Writes digests of images into containers/images.yaml, and nothing else into it.   image_digests.py NAME=DIGEST ..."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

CATALOG = Path(__file__).parents[1] / "containers" / "images.yaml"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def pin(text: str, digests: Mapping[str, str]) -> str:
    """The catalog with these digests; comments and order stay.

    :param text: of the catalog.
    :param digests: image name to digest.
    :raises SystemExit: if the catalog has no such image, or a digest is none.
    """
    for name, digest in digests.items():
        if not DIGEST.fullmatch(digest):
            raise SystemExit(f"{name}: `{digest}` is no digest; it is sha256: and 64 hexadecimal digits")
        entry = re.search(rf"^  {re.escape(name)}:\n(?:    .*\n)+", text, re.MULTILINE)
        if entry is None:
            raise SystemExit(f"{name}: no such image in {CATALOG.name}")
        without = re.sub(r"^    digest:.*\n", "", entry[0], flags=re.MULTILINE)
        pinned = re.sub(r"^(    tag:.*\n)", rf"\g<1>    digest: {digest}\n", without, flags=re.MULTILINE)
        text = text[: entry.start()] + pinned + text[entry.end() :]
    return text


if __name__ == "__main__":
    wanted = dict(argument.partition("=")[::2] for argument in sys.argv[1:])
    CATALOG.write_text(pin(CATALOG.read_text(), wanted))
