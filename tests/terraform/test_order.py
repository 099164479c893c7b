"""The first apply makes what is needed before what needs it."""

from __future__ import annotations

import pytest
from tests.terraform.applied import Applied
from tests.terraform.order import NAMED, Graph, find_too_early, read_graph

PLATFORM = "module.stack.module"


@pytest.fixture(scope="module")
def graph(dev: Applied) -> Graph:
    return read_graph(dev.run("graph").stdout)


def test_nothing_is_made_before_what_it_needs(graph: Graph) -> None:
    # Names in the list that are no more would look as if all were well.
    assert {name for pair in NAMED for name in pair if not any(each.endswith(name) for each in graph)} == set()
    assert len(graph) > 80
    assert list(find_too_early(graph)) == []


@pytest.mark.parametrize(
    ("file", "line", "first", "then"),
    [
        (
            "mwaa/main.tf",
            "    aws_vpc_security_group_egress_rule.itself, aws_vpc_security_group_egress_rule.https, ",
            "mwaa.aws_mwaa_environment.this",
            "mwaa.aws_vpc_security_group_egress_rule.https",
        ),
        (
            "storage/outputs.tf",
            "    aws_s3_bucket_versioning.this, ",
            "mwaa.aws_mwaa_environment.this",
            "storage.aws_s3_bucket_versioning.this",
        ),
        (
            "network/flow_log.tf",
            "aws_iam_role_policy.flow",
            "network.aws_flow_log.this",
            "network.aws_iam_role_policy.flow",
        ),
    ],
    ids=["rules", "versions", "policy"],
)
def test_a_reference_that_is_missing_is_found(dev: Applied, file: str, line: str, first: str, then: str) -> None:
    module = dev.folder.parents[1] / "modules" / file
    before = module.read_text()
    assert line in before
    try:
        module.write_text(before.replace(line, ""))
        found = list(find_too_early(read_graph(dev.run("graph").stdout)))
    finally:
        module.write_text(before)
    assert f"{PLATFORM}.{first} may be made before {PLATFORM}.{then}" in found
