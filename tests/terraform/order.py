"""In what order Terraform makes things the first time, by its own graph, and what may not come before what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

EDGE = re.compile(r'^\s*"(?P<first>[^"]+)" -> "(?P<then>[^"]+)";$', re.MULTILINE)
"""``A -> B``: A refers to B, so B is made first."""

RUNS = frozenset({
    "aws_mwaa_environment", "aws_batch_compute_environment", "aws_ecs_service", "aws_instance", "aws_pipes_pipe",
    "aws_sfn_state_machine", "aws_flow_log", "aws_budgets_budget", "aws_s3_object",
    "aws_cloudtrail", "aws_backup_selection", "aws_s3_bucket_replication_configuration",
})  # fmt: skip
"""What begins to work as soon as it is there, and fails if it is not allowed to or finds no way; and objects, which
have no version if their bucket has none yet."""

COMPLETED_BY: Mapping[str, frozenset[str]] = {
    "aws_iam_role": frozenset({"aws_iam_role_policy"}),
    "aws_security_group": frozenset({"aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"}),
    "aws_sns_topic": frozenset({"aws_sns_topic_policy"}),
    "aws_sqs_queue": frozenset({"aws_sqs_queue_policy"}),
    "aws_s3_bucket": frozenset({
        "aws_s3_bucket_versioning", "aws_s3_bucket_policy", "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket_ownership_controls",
    }),
    "aws_subnet": frozenset({"aws_route_table_association"}),
    "aws_route_table": frozenset({"aws_route"}),
    "aws_secretsmanager_secret": frozenset({"aws_secretsmanager_secret_version"}),
}  # fmt: skip
"""What is not ready for use before others that point to it are made, too."""

# By name, without a reference that a graph could show.
NAMED = (
    ("module.mwaa.aws_mwaa_environment.this", "module.mwaa.aws_cloudwatch_log_group.this"),
    ("module.mwaa.aws_mwaa_environment.this", "module.mwaa.aws_s3_object.dag"),
    ("module.mwaa.aws_mwaa_environment.this", "module.network.aws_vpc_endpoint.interface"),
    ("module.batch.aws_batch_compute_environment.this", "module.network.aws_vpc_endpoint.interface"),
    ("module.batch.aws_batch_compute_environment.this", "module.network.aws_vpc_endpoint.s3"),
    ("module.observability.aws_ecs_service.collector", "module.observability.aws_cloudwatch_log_group.telemetry"),
    ("module.safety.aws_cloudtrail.this", "module.storage.aws_s3_bucket_policy.logs"),
    ("module.login.aws_instance.this", "module.network.aws_vpc_endpoint.interface"),
    ("module.coordinator.aws_instance.this", "module.network.aws_route.private_by_instance"),
)

Graph = Mapping[str, frozenset[str]]


def read_graph(text: str) -> Graph:
    """What each resource refers to.

    :param text: as ``terraform graph`` prints it.
    """
    found: dict[str, set[str]] = {}
    for edge in EDGE.finditer(text):
        found.setdefault(edge["first"], set()).add(edge["then"])
        found.setdefault(edge["then"], set())
    return {name: frozenset(after) for name, after in found.items()}


def kind_of(address: str) -> str:
    """``aws_vpc`` of ``module.network.aws_vpc.this``."""
    return address.split(".")[-2]


def module_of(address: str) -> str:
    """``module.network`` of ``module.network.aws_vpc.this``."""
    return address.rpartition(f".{kind_of(address)}.")[0]


def find_too_early(graph: Graph) -> Iterator[str]:
    """What may be made before that without which it does not work, a sentence each."""

    @cache
    def behind(address: str) -> frozenset[str]:
        return frozenset().union(*({after} | behind(after) for after in graph[address]))

    def parts_of(used: str) -> list[str]:
        # The graph leaves out an edge where a longer way leads to the same, so nearness does not tell; the module does.
        wanted = COMPLETED_BY.get(kind_of(used), frozenset())
        beside = [each for each in graph if kind_of(each) in wanted and module_of(each) == module_of(used)]
        return [each for each in beside if used in behind(each)]

    pairs = {(end, part) for end in graph if kind_of(end) in RUNS for used in behind(end) for part in parts_of(used)}
    for end, first in NAMED:
        pairs |= {(a, b) for a in graph if a.endswith(end) for b in graph if b.endswith(first)}
    for address, needed in sorted(pairs):
        # A route through a host that forwards is made of the host, and cannot come before it.
        if needed not in behind(address) and address not in behind(needed):
            yield f"{address} may be made before {needed}"
