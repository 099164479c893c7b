"""The IAM actions that calls of AWS take, and what AWS's own services do with a role of ours, each with AWS's page.

`aws_calls.py` finds the calls in the source; what they take, and what no source of ours tells, is listed here.
"""

from collections.abc import Mapping

NEEDS_NOTHING = frozenset({"sts:GetCallerIdentity"})
NAMED_OTHERWISE: Mapping[str, str] = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "sns:PublishBatch": "sns:Publish",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "mwaa:GetEnvironment": "airflow:GetEnvironment",
    "mwaa:UpdateEnvironment": "airflow:UpdateEnvironment",
}
"""Operations whose action has another name, by AWS's Service Authorization Reference."""
PREFIXES: Mapping[str, str] = {"efs": "elasticfilesystem"}
"""Services whose actions have another prefix."""
BESIDES: Mapping[str, tuple[str, ...]] = {
    "batch:RegisterJobDefinition": ("batch:TagResource", "iam:PassRole"),
    "batch:CreateConsumableResource": ("batch:TagResource",),
    "batch:SubmitJob": ("batch:TagResource",),
    "elasticfilesystem:CreateAccessPoint": ("elasticfilesystem:TagResource",),
    "elasticfilesystem:CreateFileSystem": ("elasticfilesystem:TagResource", "iam:CreateServiceLinkedRole"),
    "elasticfilesystem:CreateMountTarget": (
        "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
    ),
    "elasticfilesystem:DeleteMountTarget": ("ec2:DeleteNetworkInterface",),
    "fsx:CreateFileSystem": ("fsx:TagResource", "iam:CreateServiceLinkedRole"),
    "fsx:CreateDataRepositoryAssociation": (
        "fsx:TagResource",
        "iam:AttachRolePolicy",
        "iam:CreateServiceLinkedRole",
        "iam:PutRolePolicy",
    ),
    "s3:GetObject": ("kms:Decrypt",),
    "s3:PutObject": ("kms:GenerateDataKey", "kms:Decrypt"),
    "sns:Publish": ("kms:GenerateDataKey", "kms:Decrypt"),
    "secretsmanager:GetSecretValue": ("kms:Decrypt",),
}
"""What a call takes besides its own action: its tags, its roles, the key of what it reads or writes."""
OBSTORE: Mapping[str, tuple[str, ...]] = {
    "list": ("s3:ListBucket",),
    "list_with_delimiter": ("s3:ListBucket",),
    # S3 says that an object is not there only to who may list.
    "head": ("s3:GetObject", "s3:ListBucket"),
    "get": ("s3:GetObject", "s3:ListBucket"),
    "get_range": ("s3:GetObject", "s3:ListBucket"),
    "put": ("s3:PutObject", "s3:AbortMultipartUpload"),  # large ones in parts, which it gives up after an error
    "rename": ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
    "delete": ("s3:DeleteObject",),
}
LIBRARIES: Mapping[str, tuple[str, ...]] = {"SnsNotifier": ("sns:Publish",)}
"""Names of Airflow's providers that call AWS for us."""

ON_THE_HOST: Mapping[str, tuple[str, ...]] = {
    "aws s3 sync": ("s3:ListBucket", "s3:GetObject"),
    "aws cloudwatch put-metric-data": ("cloudwatch:PutMetricData",),
    "AIRFLOW__SECRETS__BACKEND=": ("secretsmanager:GetSecretValue",),
}
"""Words in the files of a coordinator's host, and what they take."""

MWAA = "https://docs.aws.amazon.com/mwaa/latest/userguide/mwaa-create-role.html"
ECS_EXECUTION = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html"
ECS_EXEC = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html"
ECS_AGENT = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html"
PIPES = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-permissions.html"
TRAIL = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html"
REPLICATION = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html"
BACKUP = "https://docs.aws.amazon.com/aws-backup/latest/devguide/s3-backups.html"
SESSIONS = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html"
)
SNAPSHOTS = "https://docs.aws.amazon.com/ebs/latest/userguide/service-role.html"
FLOW_LOGS = "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html"
_PULL = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetAuthorizationToken",
)
_LOG = ("logs:CreateLogStream", "logs:PutLogEvents")
BY_AWS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "mwaa": {
        MWAA: (
            "airflow:PublishMetrics", "cloudwatch:PutMetricData",
            "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey",
            "logs:CreateLogGroup", *_LOG, "logs:DescribeLogGroups", "logs:GetLogEvents", "logs:GetLogGroupFields",
            "logs:GetLogRecord", "logs:GetQueryResults",
            "s3:GetAccountPublicAccessBlock", "s3:GetBucketLocation", "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketVersioning", "s3:GetEncryptionConfiguration", "s3:GetObject", "s3:GetObjectVersion",
            "s3:ListBucket", "s3:ListBucketVersions", "secretsmanager:GetSecretValue",
            "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
            "sqs:ReceiveMessage", "sqs:SendMessage",
        ),
    },
    "coordinator": {
        SESSIONS: (
            "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
        ),
    },
    "snapshots": {
        SNAPSHOTS: (
            "ec2:CreateSnapshot", "ec2:CreateTags", "ec2:DeleteSnapshot", "ec2:DescribeInstances",
            "ec2:DescribeSnapshots", "ec2:DescribeVolumes",
        ),
    },
    "job": {
        ECS_EXEC: (
            "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
        ),
    },
    "execution": {ECS_EXECUTION: (*_PULL, *_LOG)},
    "host": {
        ECS_AGENT: (
            *_PULL, *_LOG, "ecs:DeregisterContainerInstance", "ecs:DiscoverPollEndpoint", "ecs:Poll",
            "ecs:RegisterContainerInstance", "ecs:StartTelemetrySession", "ecs:SubmitAttachmentStateChanges",
            "ecs:SubmitContainerStateChange", "ecs:SubmitTaskStateChange", "ecs:TagResource",
            "ecs:UpdateContainerInstancesState",
        ),
    },
    "budget-pipe": {
        PIPES: ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "states:StartExecution"),
    },
    "flow-log": {FLOW_LOGS: ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")},
    "trail": {TRAIL: _LOG},
    "copy": {
        REPLICATION: (
            "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "s3:GetObjectVersionAcl",
            "s3:GetObjectVersionForReplication",
            "s3:GetObjectVersionTagging", "s3:GetReplicationConfiguration", "s3:ListBucket", "s3:ReplicateObject",
            "s3:ReplicateTags",
        ),
    },
    "backup": {
        BACKUP: (
            "backup:TagResource", "cloudwatch:GetMetricData", "events:DeleteRule", "events:DescribeRule",
            "events:DisableRule",
            "events:EnableRule", "events:ListRules", "events:ListTargetsByRule", "events:PutRule", "events:PutTargets",
            "events:RemoveTargets", "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey",
            "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketNotification", "s3:GetBucketTagging",
            "s3:GetBucketVersioning", "s3:GetInventoryConfiguration", "s3:GetObject", "s3:GetObjectAcl",
            "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging",
            "s3:ListAllMyBuckets", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutBucketNotification",
            "s3:PutInventoryConfiguration",
        ),
    },
}  # fmt: skip
"""Role, AWS's page, and what a service of AWS's does with the role."""
