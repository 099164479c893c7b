"""A folder that Terraform has applied, and what became of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]


@dataclass
class Applied:
    """A folder that Terraform has applied."""

    folder: Path
    environ: dict[str, str]

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = ["terraform", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done

    @cached_property
    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self.run("output", "-json").stdout).items()}

    @cached_property
    def resources(self) -> list[dict[str, Any]]:
        """Resources of all modules, as in Terraform's state."""
        return list(_flat(json.loads(self.run("show", "-json").stdout)["values"]["root_module"]))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [each["values"] for each in self.resources if each["type"] == kind and each["mode"] == "managed"]

    def policies(self, role: str) -> list[dict[str, Any]]:
        """Statements of a role's policies; `role` is how its name ends."""
        policies = [each for each in self.of("aws_iam_role_policy") if each["role"].endswith(f"-{role}")]
        assert policies, f"no policy of a role *-{role}"
        return [statement for each in policies for statement in json.loads(each["policy"])["Statement"]]

    def changes(self, *arguments: str) -> dict[str, list[str]]:
        """Address to actions of what a plan would change."""
        self.run("plan", "-input=false", "-out=plan", *arguments)
        plan = json.loads(self.run("show", "-json", "plan").stdout)
        found = {each["address"]: each["change"]["actions"] for each in plan["resource_changes"]}
        return {address: actions for address, actions in found.items() if actions not in (["no-op"], ["read"])}


def _flat(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _flat(child)
