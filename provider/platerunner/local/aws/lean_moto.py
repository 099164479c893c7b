"""moto without what costs most as it is imported, and what the embedded cloud never reads: half a second, 100 MB."""

import contextlib
from collections.abc import Iterator
from typing import Any

OFFERINGS = "ec2/resources/instance_type_offerings/"


@contextlib.contextmanager
def imported_lean() -> Iterator[None]:
    """Spare what is imported meanwhile the work that moto's EC2 does for all regions.

    The embedded cloud starts no instances: which ones AWS offers where is left out. Regions are asked of three sessions
    of boto3, each of which would read the endpoints of all of AWS for itself.
    """
    from botocore.loaders import JSONFileLoader
    from moto.utilities import utils

    load, read, known = utils.load_resource, JSONFileLoader.load_file, dict[str, Any]()

    def load_some(resource: str) -> Any:
        return [] if str(resource).replace("\\", "/").startswith(OFFERINGS) else load(resource)

    def read_once(self: JSONFileLoader, file_path: str) -> Any:
        if file_path not in known:
            known[file_path] = read(self, file_path)
        return known[file_path]

    utils.load_resource, JSONFileLoader.load_file = load_some, read_once  # type: ignore[method-assign]
    try:
        yield
    finally:
        utils.load_resource, JSONFileLoader.load_file = load, read  # type: ignore[method-assign]
