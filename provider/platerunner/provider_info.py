"""What Airflow reads about this provider."""

from typing import Any

_FIELDS: dict[str, tuple[str, str, str]] = {
    "queues": (
        "object",
        "Job queues",
        'JSON: {"spot": "<queue>", "on_demand": "<queue>"}; more are pools: "gpu"',
    ),
    "registry": ("string", "Image registry", "Host and prefix before an image's name, e.g. an ECR address"),
    "region": ("string", "Region", "Empty for the environment's"),
    "log_group": ("string", "Log group", "CloudWatch log group of the jobs; empty for /aws/batch/job"),
    "job_role": ("string", "Job role", "ARN of the role that containers run as"),
    "execution_role": (
        "string",
        "Execution role",
        "ARN of the role that pulls images and writes logs (Fargate)",
    ),
    "upload_queue": (
        "string",
        "Upload queue",
        "URL of the SQS queue in which S3's events arrive, for pipelines with on_upload; empty if there are none",
    ),
    "bucket": ("string", "Bucket", "Where data and workspaces are unless the roots below say otherwise"),
    "data_root": ("string", "Data root", "s3:// URL that specs call data_root"),
    "workspace_root": ("string", "Workspace root", "s3:// URL that specs call workspace_root"),
    "ledger": ("string", "Ledger", "s3:// URL of a ledger of all pipelines; empty: each workspace has its own"),
    "grafana": ("string", "Grafana", "URL of the one that has the dashboards; pages link to them"),
    "retention": (
        "object",
        "Retention",
        'JSON: how long to keep, {"outcomes": "2 y", "logs": "90 d", "ledger": "7 y"}',
    ),
    "platform": ("string", "Platform", "EC2 (default) or FARGATE"),
    "aws_conn_id": ("string", "AWS connection", "Connection with AWS credentials; empty for the environment's chain"),
    "endpoint_url": ("string", "Endpoint", "Of an AWS that is not Amazon's; empty for the environment's"),
    "on_clear": ("string", "On clear", "Running jobs of a cleared or marked task: terminate (default) or adopt"),
    "fair_share": ("string", "Fair share", "If queues have a scheduling policy: pipeline or owner; empty for none"),
    "policy": ("string", "Policy", "approved_only: no module that the catalog does not call approved; empty for any"),
    "shell": ("boolean", "Shell", "Whether `platerunner shell` may open a shell in jobs, by ECS Exec; IAM decides who"),
    "host_disk": ("object", "Disk of hosts", 'JSON: disk that jobs have on the hosts of a queue, {"spot": "170 GiB"}'),
    "environment": ("object", "Environment", "JSON: plain variables for every container, never secrets"),
    "secrets": ("object", "Secrets", "JSON: variable to ARN of a secret or an SSM parameter, by reference only"),
    "tags": ("object", "Tags", "JSON: cost tags for jobs and their definitions"),
    "buckets": (
        "object",
        "Buckets",
        'JSON: {"cellpainting-gallery": {"access": "anonymous"}}; or "requester_pays"; and "region"',
    ),
    "storage": (
        "object",
        "Storage",
        'JSON: where file systems of runs are made, {"subnets": ["subnet-..."], "security_groups": ["sg-..."]}',
    ),
    "approver_groups": ("object", "Approver groups", 'JSON: {"imaging-leads": ["ada", "ben"]}, for the gates of specs'),
}


_NAME = "Platerunner"


def _modules(*names: str) -> dict[str, Any]:
    """Modules of the one integration that this is."""
    return {"integration-name": _NAME, "python-modules": list(names)}


def get_provider_info() -> dict[str, Any]:
    """Describe the provider to Airflow's provider manager."""
    return {
        "package-name": "airflow-provider-platerunner",
        "name": _NAME,
        "description": "Plate-scale microscopy pipelines on AWS Batch, from a YAML spec.",
        "integrations": [
            {"integration-name": _NAME, "tags": ["service"]},
        ],
        "operators": [_modules("platerunner.operators.batch_module")],
        "sensors": [_modules("platerunner.sensors.qc_approval")],
        "hooks": [_modules("platerunner.hooks.platerunner")],
        "triggers": [_modules("platerunner.triggers.batch_jobs", "platerunner.triggers.uploads")],
        "connection-types": [
            {
                "connection-type": "platerunner",
                "hook-class-name": "platerunner.hooks.platerunner.PlaterunnerHook",
                "hook-name": "Platerunner",
                "ui-field-behaviour": {"hidden-fields": ["host", "schema", "login", "password", "port"]},
                "conn-fields": {
                    name: {"label": label, "description": text, "schema": {"type": [kind, "null"]}}
                    for name, (kind, label, text) in _FIELDS.items()
                },
            }
        ],
        "extra-links": [
            "platerunner.links.batch.BatchJobLink",
            "platerunner.links.batch.LogStreamLink",
            "platerunner.links.batch.OutputsLink",
            "platerunner.links.batch.PlateMapLink",
            "platerunner.links.gate.GateLink",
        ],
    }


if __name__ == "__main__":
    # What registries of providers read: `make docs` writes it to provider.yaml.
    import sys
    from importlib.metadata import version

    import yaml

    info = get_provider_info()
    sys.stdout.write("# Made by `make docs` from provider_info.py: what registries of Airflow's providers read.\n")
    more = {"state": "ready", "lifecycle": "incubation", "versions": [version(info["package-name"])]}
    sys.stdout.write(yaml.safe_dump({**info, **more}, sort_keys=False, width=120))
