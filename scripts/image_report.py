#!/usr/bin/env python3
"""Size and start time of a built image, and the list of what is in it (SPDX 2.3): Debian's packages and Python's.

image_report.py NAME REFERENCE SECONDS FOLDER
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

# Runs in the image by its own shell, so that nothing has to be installed for it.
LIST = """
dpkg-query -W -f 'deb\\t${Package}\\t${Version}\\n'
find / -xdev -path '*-packages/*.dist-info/METADATA' 2>/dev/null | while read -r file; do
    awk -F': ' '/^Name: /{n=$2} /^Version: /{v=$2} n&&v{print "pypi\\t" n "\\t" v; exit}' "$file"
done
"""
STARTS = 3


def podman(*arguments: str) -> str:
    """What podman prints."""
    return subprocess.run(["podman", *arguments], check=True, capture_output=True, text=True).stdout


def run(reference: str, *command: str) -> str:
    """A command in the image, as the embedded cloud runs jobs."""
    options = ["--rm", "--pull=never", "--read-only", "--read-only-tmpfs=false", "--network=none"]
    return podman("run", *options, reference, *command)


def started(reference: str) -> float:
    """Seconds until the runner in a new container has said its version; the best of a few."""
    times = []
    for _ in range(STARTS):
        before = time.monotonic()
        run(reference, "platerunner-unit", "--version")
        times.append(time.monotonic() - before)
    return min(times)


def bill(name: str, reference: str) -> dict[str, object]:
    """The SPDX document."""
    rows = sorted({line for line in run(reference, "sh", "-c", LIST).splitlines() if line.count("\t") == 2})
    packages = []
    for number, row in enumerate(rows, 1):
        kind, package, version = row.split("\t")
        place = f"pkg:deb/debian/{package}@{version}" if kind == "deb" else f"pkg:pypi/{package.lower()}@{version}"
        reference_to = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": place}
        entry = {"name": package, "SPDXID": f"SPDXRef-{number}", "versionInfo": version, "externalRefs": [reference_to]}
        packages.append(entry | {"downloadLocation": "NOASSERTION", "filesAnalyzed": False})
    identity = podman("image", "inspect", "--format", "{{.Id}}", reference).strip()
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": reference,
        "documentNamespace": f"https://platerunner.invalid/spdx/{name}/{identity}",
        "creationInfo": {"created": datetime.now(UTC).isoformat(timespec="seconds")[:19] + "Z",
                         "creators": ["Tool: platerunner-image-report"]},
        "packages": packages,
    }  # fmt: skip


def main(name: str, reference: str, seconds: str, folder: str) -> None:
    """Write both, print a line."""
    size = int(podman("image", "inspect", "--format", "{{.Size}}", reference))
    document = bill(name, reference)
    Path(folder, f"{name}.spdx.json").write_text(json.dumps(document, indent=1) + "\n")
    found = {"image": reference, "bytes": size, "start_s": round(started(reference), 2), "build_s": int(seconds)}
    Path(folder, f"{name}.json").write_text(json.dumps(found) + "\n")
    count = len(document["packages"])  # type: ignore[arg-type]
    print(f"{reference}: {size / 1e6:.0f} MB, built in {seconds} s, starts in {found['start_s']} s, {count} packages")


if __name__ == "__main__":
    main(*sys.argv[1:5])
