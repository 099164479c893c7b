# What goes through the endpoints: calls of this account's own identities, on this account's own things, and of those the calls that
# Airflow, jobs and people make. Somebody else's key inside a job reaches nothing, and no job reaches somebody else's bucket.
# In a VPC that is there already others use the endpoints, too: there its owner sets the policies.

locals {
  account = data.aws_caller_identity.this.account_id
  region  = data.aws_region.this.region
  arn     = "arn:${data.aws_partition.this.partition}"

  pull = ["BatchCheckLayerAvailability", "BatchGetImage", "BatchImportUpstreamImage", "CreateRepository", "DescribeImages", "DescribeRepositories", "GetAuthorizationToken", "GetDownloadUrlForLayer"]
  # What the agents on hosts, and those of Fargate, tell ECS.
  agent = [
    "DeregisterContainerInstance", "DiscoverPollEndpoint", "Poll", "RegisterContainerInstance", "StartTelemetrySession", "SubmitAttachmentStateChanges",
    "SubmitContainerStateChange", "SubmitTaskStateChange", "TagResource", "UpdateContainerInstancesState",
  ]
  channel = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"]

  # Endpoint to the prefix of its actions, and those that go through. tests/terraform/test_endpoints.py holds them against the roles.
  calls = {
    "airflow.api" = { prefix = "airflow", actions = ["CreateWebLoginToken", "GetEnvironment", "PublishMetrics", "UpdateEnvironment"] }
    "airflow.env" = { prefix = "airflow", actions = ["*"] } # MWAA's own, between its parts
    "airflow.ops" = { prefix = "airflow", actions = ["*"] }
    "batch" = { prefix = "batch", actions = [
      "CancelJob", "CreateConsumableResource", "DeregisterJobDefinition", "DescribeComputeEnvironments", "DescribeJobDefinitions", "DescribeJobQueues", "DescribeJobs",
      "ListConsumableResources", "ListJobs", "RegisterJobDefinition", "SubmitJob", "TagResource", "TerminateJob", "UpdateJobQueue",
    ] }
    "ec2"           = { prefix = "ec2", actions = ["DescribeSpotPriceHistory"] }
    "ecr.api"       = { prefix = "ecr", actions = local.pull }
    "ecr.dkr"       = { prefix = "ecr", actions = local.pull }
    "ecs"           = { prefix = "ecs", actions = concat(local.agent, ["DescribeContainerInstances", "DescribeTasks", "ExecuteCommand"]) }
    "ecs-agent"     = { prefix = "ecs", actions = local.agent }
    "ecs-telemetry" = { prefix = "ecs", actions = local.agent }
    "kms"           = { prefix = "kms", actions = ["Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey"] }
    "logs" = { prefix = "logs", actions = [
      "CreateLogGroup", "CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents", "GetLogEvents", "GetLogGroupFields", "GetLogRecord", "GetQueryResults",
      "PutLogEvents",
    ] }
    "monitoring"     = { prefix = "cloudwatch", actions = ["DescribeAlarms", "GetDashboard", "GetMetricData", "PutMetricData"] }
    "secretsmanager" = { prefix = "secretsmanager", actions = ["GetSecretValue"] }
    "sns"            = { prefix = "sns", actions = ["Publish"] }
    "sqs"            = { prefix = "sqs", actions = ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "GetQueueUrl", "ReceiveMessage", "SendMessage"] }
    "ssm"            = { prefix = "ssm", actions = ["ResumeSession", "StartSession", "TerminateSession", "UpdateInstanceInformation"] }
    "ssmmessages"    = { prefix = "ssmmessages", actions = local.channel }
    "sts"            = { prefix = "sts", actions = ["AssumeRole", "GetCallerIdentity"] }
    "xray"           = { prefix = "xray", actions = ["PutTelemetryRecords", "PutTraceSegments"] }
  }
  # Things of others that we use: MWAA's queue is AWS's, roles that lend data and topics may be another account's, images come from registries that are named.
  on_others = ["airflow.env", "airflow.ops", "ecr.api", "ecr.dkr", "sns", "sqs", "sts"]

  endpoint_policies = { for service, call in local.calls : service => jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OurOwn"
      Effect    = "Allow"
      Principal = "*"
      Action    = [for action in call.actions : "${call.prefix}:${action}"]
      Resource  = "*"
      Condition = merge(
        { StringEquals = { "aws:PrincipalAccount" = local.account } },
        contains(local.on_others, service) ? {} : { StringEqualsIfExists = { "aws:ResourceAccount" = local.account } },
      )
    }]
  }) }

  s3_arn   = "${local.arn}:s3:::"
  our_s3   = "${local.s3_arn}${var.name}-*-${local.account}-${local.region}"
  read_s3  = flatten([for bucket in var.read_buckets : ["${local.s3_arn}${bucket}", "${local.s3_arn}${bucket}/*"]])
  aws_s3   = ["${local.s3_arn}prod-${local.region}-starport-layer-bucket/*", "${local.s3_arn}al2023-repos-${local.region}-de612dc2/*"]
  s3_calls = ["AbortMultipartUpload", "DeleteObject", "GetBucketLocation", "GetBucketPublicAccessBlock", "GetBucketVersioning", "GetEncryptionConfiguration", "GetObject", "GetObjectVersion", "ListBucket", "ListBucketVersions", "PutObject", "RestoreObject"]

  s3_policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "OurBuckets", Effect = "Allow", Principal = "*"
          Action    = [for call in local.s3_calls : "s3:${call}"]
          Resource  = [local.our_s3, "${local.our_s3}/*"]
          Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
        },
        {
          Sid       = "SeeThatTheAccountBlocksPublicAccess", Effect = "Allow", Principal = "*"
          Action    = ["s3:GetAccountPublicAccessBlock"]
          Resource  = ["*"]
          Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
        },
        # Layers of images in ECR, and packages of Amazon Linux, which nobody signs for.
        { Sid = "WhatAwsGivesOut", Effect = "Allow", Principal = "*", Action = ["s3:GetObject"], Resource = local.aws_s3, Condition = {} },
      ],
      [for resources in [local.read_s3] : { Sid = "ReadElsewhere", Effect = "Allow", Principal = "*", Action = ["s3:GetObject", "s3:ListBucket"], Resource = resources, Condition = {} } if length(resources) > 0],
      [for roles in [var.data_role_arns] : {
        Sid       = "AsRolesOfOtherAccounts", Effect = "Allow", Principal = "*"
        Action    = ["s3:GetObject", "s3:ListBucket"]
        Resource  = ["*"]
        Condition = { ArnEquals = { "aws:PrincipalArn" = tolist(roles) } }
      } if length(roles) > 0],
    )
  })
}
