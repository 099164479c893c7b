"""What the registry's lifecycle takes, by ECR's own rules of evaluation, and what it never does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest
from tests.terraform.applied import Applied

Tags = tuple[str, ...]


@pytest.fixture
def rules(dev: Applied) -> list[dict[str, Any]]:
    policies = {each["policy"] for each in dev.of("aws_ecr_lifecycle_policy")}
    assert len(policies) == 1
    found: list[dict[str, Any]] = json.loads(policies.pop())["rules"]
    return found


def expired(rules: Sequence[dict[str, Any]], images: Sequence[Tags]) -> list[Tags]:
    """What is taken: a rule sees what no earlier one has matched, whether that took it or not.

    :param images: tags of each, the newest first; those without any are older than any rule's days.
    """
    left, taken = list(images), []
    for rule in sorted(rules, key=lambda each: int(each["rulePriority"])):
        selection = rule["selection"]
        patterns = selection.get("tagPatternList", [])
        if selection["tagStatus"] == "untagged":
            matched = [tags for tags in left if not tags]
        else:
            matched = [tags for tags in left if any(fnmatchcase(tag, each) for tag in tags for each in patterns)]
        counted = selection["countType"] == "imageCountMoreThan"
        taken += matched[selection["countNumber"] :] if counted else matched
        left = [tags for tags in left if tags not in matched]
    return taken


def test_what_was_used_outlives_any_number_of_builds(rules: list[dict[str, Any]]) -> None:
    builds: list[Tags] = [(f"build-{number}",) for number in range(1000, 0, -1)]
    oldest: list[Tags] = [("build-0", "used-0123456789ab"), ("build-00", "4.2.8"), ("sha256-0123.sig",)]
    assert expired(rules, builds + oldest) == builds[200:]


def test_what_never_got_a_tag_goes(rules: list[dict[str, Any]]) -> None:
    assert expired(rules, [("build-1",), ()]) == [()]


def test_a_policy_that_counts_all_alike_would_take_what_is_used() -> None:
    newest = {"tagStatus": "tagged", "tagPatternList": ["*"], "countType": "imageCountMoreThan", "countNumber": 200}
    builds: list[Tags] = [(f"build-{number}",) for number in range(200, 0, -1)]
    rules = [{"rulePriority": 1, "selection": newest}]
    assert expired(rules, [*builds, ("build-0", "4.2.8")]) == [("build-0", "4.2.8")]
