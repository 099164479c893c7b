"""Is there a newer CellProfiler 4 on PyPI than containers/images.yaml builds? Then put it in, and say `version=...`.

A release on PyPI may have a fourth number (4.2.8.1 is 4.2.8 packaged again); the image's tag is the first three.
"""

import json
import re
import sys
import urllib.request
from pathlib import Path

CATALOG = Path(__file__).parents[1] / "containers" / "images.yaml"
MODULES = Path(__file__).parents[1] / "provider" / "platerunner" / "catalog"
INDEX = "https://pypi.org/simple/cellprofiler/"
BUILT = re.compile(r"(?<=CELLPROFILER: )4[.\d]+")
MAJOR = 4


def released() -> list[str]:
    """Versions on PyPI that are not yanked."""
    request = urllib.request.Request(INDEX, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  (the address is above)
        index = json.load(answer)
    gone = {file["filename"] for file in index["files"] if file["yanked"]}
    files = {file["filename"].lower() for file in index["files"]} - {name.lower() for name in gone}
    return [version for version in index["versions"] if any(f"-{version}" in name for name in files)]


def newest(versions: list[str]) -> tuple[int, ...]:
    """The newest plain release of the major version; pre-releases have letters."""
    plain = [tuple(map(int, v.split("."))) for v in versions if re.fullmatch(r"\d+(\.\d+)+", v)]
    return max((v for v in plain if v[0] == MAJOR), default=(0,))


def update(text: str, found: tuple[int, ...]) -> str | None:
    """The catalog with a version; None if it has that one or a newer one.

    :param text: of containers/images.yaml.
    """
    built = BUILT.search(text)
    assert built is not None, "containers/images.yaml names no CELLPROFILER"
    if found <= tuple(map(int, built[0].split("."))):
        return None
    text = BUILT.sub(".".join(map(str, found)), text)
    tag = ".".join(map(str, found[:3]))
    return re.sub(r"(repository: cellprofiler\n\s+tag: )\S+(\n\s+digest: \S+)?", rf"\g<1>{tag}", text)


def main() -> int:
    """Look, write, print."""
    found = newest(released())
    before = CATALOG.read_text()
    after = update(before, found)
    if after is None:
        return 0
    old = re.search(r"repository: cellprofiler\n\s+tag: (\S+)", before)
    CATALOG.write_text(after)
    tag = ".".join(map(str, found[:3]))
    for path in MODULES.glob("*.yaml"):
        text = path.read_text()
        path.write_text(text.replace(f"image: cellprofiler:{old[1] if old else ''}\n", f"image: cellprofiler:{tag}\n"))
    print(f"version={'.'.join(map(str, found))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
