"""What Airflow reads about this provider."""

from typing import Any

_FIELDS: dict[str, tuple[str, str, str]] = {
    "queues": ("object", "Job queues", 'JSON: {"spot": "<queue>", "on_demand": "<queue>"}; one of them is enough'),
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
    "platform": ("string", "Platform", "EC2 (default) or FARGATE"),
    "aws_conn_id": ("string", "AWS connection", "Connection with AWS credentials; empty for the environment's chain"),
    "endpoint_url": ("string", "Endpoint", "Of an AWS that is not Amazon's; empty for the environment's"),
    "on_clear": ("string", "On clear", "Running jobs of a cleared or marked task: terminate (default) or adopt"),
    "fair_share": ("string", "Fair share", "If queues have a scheduling policy: pipeline or owner; empty for none"),
    "environment": ("object", "Environment", "JSON: plain variables for every container, never secrets"),
    "secrets": ("object", "Secrets", "JSON: variable to ARN of a secret or an SSM parameter, by reference only"),
    "tags": ("object", "Tags", "JSON: cost tags for jobs and their definitions"),
    "approver_groups": ("object", "Approver groups", 'JSON: {"imaging-leads": ["ada", "ben"]}, for the gates of specs'),
}


def get_provider_info() -> dict[str, Any]:
    """Describe the provider to Airflow's provider manager."""
    return {
        "package-name": "airflow-provider-platerunner",
        "name": "Platerunner",
        "description": "Plate-scale microscopy pipelines on AWS Batch, from a YAML spec.",
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
