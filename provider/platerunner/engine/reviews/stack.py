"""What a plan of Terraform's, `terraform show -json`, says of a stack."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Values = Mapping[str, Any]


class StackError(Exception):
    """A file is no plan; the message is one sentence with the remedy."""


@dataclass(frozen=True)
class Stack:
    """A stack as it would be after a plan.

    :param raw: Terraform's JSON.
    """

    raw: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Stack":
        """Read a file.

        :raises StackError: if it is no plan.
        """
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            return cls({"root": raw["planned_values"]["root_module"]})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StackError(f"{path} is no plan: make it by `terraform show -json plan > {path}`") from error

    @cached_property
    def resources(self) -> dict[str, tuple[str, Values]]:
        """Address to kind and values of all that Terraform keeps."""
        return {
            each["address"]: (each["type"].removeprefix("aws_"), each["values"])
            for each in _flat(self.raw["root"])
            if each["mode"] == "managed"
        }

    def of(self, kind: str) -> dict[str, Values]:
        """Address to values of a kind, such as ``s3_bucket``."""
        return {address: values for address, (is_of, values) in self.resources.items() if is_of == kind}

    def beside_buckets(self, kind: str) -> dict[str, Values | None]:
        """Bucket to what a resource of another kind says of it; None where the plan has none that is known to be its.

        :param kind: such as ``s3_bucket_versioning``: the one of the same address, or that names the bucket.
        """
        there = self.of(kind)
        named = {values["bucket"]: values for values in there.values() if values.get("bucket")}
        return {
            values.get("bucket") or address: there.get(address.replace(".aws_s3_bucket.", f".aws_{kind}."))
            or named.get(values.get("bucket"))
            for address, values in self.of("s3_bucket").items()
        }


def _flat(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _flat(child)
