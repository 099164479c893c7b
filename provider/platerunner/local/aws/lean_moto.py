"""moto without what costs most as it is imported and started, and what the embedded cloud never reads.

That is half a second and 100 MB at the first start, and 0.2 s each time that a cloud starts and stops.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

NEVER_READ = tuple(
    f"ec2/resources/{name}" for name in ("instance_type_offerings/", "amis.json", "latest_amis/", "ecs/optimized_amis/")
)


@contextlib.contextmanager
def imported_lean() -> Iterator[None]:
    """Spare what is imported meanwhile the work that moto's EC2 does for all regions.

    The embedded cloud starts no instances: which ones AWS offers where, and 1,300 machine images, are left out. Regions
    are asked of three sessions of boto3, each of which would read the endpoints of all of AWS for itself.
    """
    from botocore.loaders import JSONFileLoader
    from moto.utilities import utils

    load, read, known = utils.load_resource, JSONFileLoader.load_file, dict[str, Any]()

    def load_some(resource: str) -> Any:
        return [] if str(resource).replace("\\", "/").startswith(NEVER_READ) else load(resource)

    def read_once(self: JSONFileLoader, file_path: str) -> Any:
        if file_path not in known:
            known[file_path] = read(self, file_path)
        return known[file_path]

    utils.load_resource, JSONFileLoader.load_file = load_some, read_once  # type: ignore[method-assign]
    try:
        yield
    finally:
        utils.load_resource, JSONFileLoader.load_file = load, read  # type: ignore[method-assign]
