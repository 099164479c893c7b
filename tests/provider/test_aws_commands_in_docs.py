"""Every command of AWS and every output of Terraform that a page prints is one that there is, by botocore's models."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from tests.provider.test_commands_in_docs import BLOCK
from tests.provider.test_docs import ALL, ROOT, relative

AGREED = ROOT / "scripts/approval/agreed.md"
PAGES = [page for page in (*ALL, AGREED) if page.name not in ("CHANGELOG.md", "APPROVAL.md")]
COMMAND = re.compile(r"(?<![\w./-])aws (?=[a-z0-9-]+ [a-z0-9-]+)")
END = re.compile(r"^(\||\|\||&&|;|>|>>|2>|<|>.+|.*[;)])$")
OWN = {("s3", name) for name in ("ls", "cp", "rm", "sync", "mb")} | {("ecr", "get-login-password"), ("logs", "tail")}
"""Commands of the command line that are no operation of a service."""
EVERYWHERE = {"--query", "--output", "--region", "--profile", "--no-cli-pager", "--max-items", "--quiet"}
OUTPUT = re.compile(r"terraform (?:-chdir=\S+ )?output (?:-raw |-json )?([a-z][a-z0-9_]+)")


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command of AWS on a page, after `aws`."""
    blocks = ("".join(part or "" for part in found.groups()) for found in BLOCK.finditer(text))
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *re.findall(r"`([^`\n]+)`", BLOCK.sub("", text).replace("\\|", "|"))]:
        for found in COMMAND.finditer(line):
            yield _words(line[found.end() :])


def _words(text: str) -> list[str]:
    plain = re.sub(r"\$\([^()]*\)", "VALUE", re.sub(r"<[^<>]+>", "VALUE", text))
    try:
        words = shlex.split(plain, comments=True)
    except ValueError:
        words = plain.split()
    last = next((at for at, word in enumerate(words) if END.match(word)), len(words))
    return words[: last + 1] if last < len(words) and words[last].endswith((";", ")")) else words[:last]


@cache
def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def wrong(words: list[str]) -> Iterator[str]:
    """What botocore's models have against a command."""
    told, (service, operation) = f"aws {' '.join(words)}", words[:2]
    if (service, operation) in OWN:
        return
    if service == "s3api":
        service = "s3"
    if service not in botocore.session.get_session().get_available_services():
        yield f"{told}: no service {service}"
        return
    named = {xform_name(name, "-"): name for name in model(service).operation_names}
    if (operation := operation.rstrip(";),.")) not in named:
        yield f"{told}: {service} has no {operation}"
        return
    shape = model(service).operation_model(named[operation]).input_shape
    members = {xform_name(name, "-"): member for name, member in (shape.members if shape else {}).items()}
    flags = {f"--no-{name}" for name, member in members.items() if member.type_name == "boolean"}
    given = {word.partition("=")[0].rstrip(";),.") for word in words[2:] if word.startswith("--")}
    for option in sorted(given - {f"--{name}" for name in members} - flags - EVERYWHERE):
        yield f"{told}: {operation} has no {option}"
    needed = {f"--{xform_name(name, '-')}" for name in (shape.required_members if shape else ())}
    if given and not given & {"--cli-input-json"}:  # without any option it is a mention
        yield from (f"{told}: {operation} needs {option}" for option in sorted(needed - given))


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_command_of_aws_is_one_that_there_is(page: Path) -> None:
    assert [fault for words in commands(page.read_text()) for fault in wrong(words)] == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_output_of_terraform_is_one_of_an_environment(page: Path) -> None:
    known = {
        name
        for file in (ROOT / "terraform/environments").glob("*/outputs.tf")
        for name in re.findall(r'^output "(\w+)"', file.read_text(), re.MULTILINE)
    }
    assert set(OUTPUT.findall(page.read_text())) - known == set()


def test_commands_that_there_are_not_are_told_from_those_that_there_are() -> None:
    page = """\
Say `aws batch describe-job --jobs x`, `aws ecr start-image-scan --repository cells`, or `aws bach list-jobs`.

    aws batch terminate-job --job-id $(aws batch list-jobs --job-queue q --output text) --reason late && echo done
    aws kms schedule-key-deletion --key-id <key> \\
        --pending-days 7 | head
    aws s3api list-object-versions --prefix workspaces
    aws s3 cp --quiet a b; aws s3api head-object --bucket b --key k --query ReplicationStatus
"""
    assert [fault.rpartition(": ")[2] for words in commands(page) for fault in wrong(words)] == [
        "schedule-key-deletion has no --pending-days",
        "list-object-versions needs --bucket",
        "batch has no describe-job",
        "start-image-scan has no --repository",
        "start-image-scan needs --image-id",
        "start-image-scan needs --repository-name",
        "no service bach",
    ]
