"""What building needs of an image in containers/images.yaml: its tag, then its build arguments, a line each.

python scripts/image_arguments.py NAME
python scripts/image_arguments.py --matrix     all images for a workflow's matrix, as JSON
python scripts/image_arguments.py --digests    repository and digest of each image that is pinned, a line each
"""

import json
import sys
from pathlib import Path

import yaml

CATALOG = Path(__file__).parents[1] / "containers" / "images.yaml"


def main(name: str) -> int:
    """Print them."""
    images = yaml.safe_load(CATALOG.read_text())["images"]
    if name == "--matrix":
        print(json.dumps([{"name": key, "platforms": ",".join(entry["platforms"])} for key, entry in images.items()]))
        return 0
    if name == "--digests":
        print("\n".join(f"{entry['repository']} {entry['digest']}" for entry in images.values() if "digest" in entry))
        return 0
    if name not in images:
        return 0
    entry = images[name]
    print(entry["tag"])
    for key, value in (entry.get("args") or {}).items():
        print(f"{key}={value}")
    if base := entry.get("after"):
        print(f"UNIT=localhost/platerunner/{base}:{images[base]['tag']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
