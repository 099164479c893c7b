# What Platerunner does with Batch: to our queues, with our roles and images, and to what carries our tag.

locals {
  batch       = "${local.arn}:batch:${local.region}:${local.account}"
  job_roles   = compact([var.connection.job_role, var.connection.execution_role])
  images      = length(var.image_patterns) > 0 ? var.image_patterns : ["${var.connection.registry}/*"]
  ecr         = "${local.arn}:ecr:${local.region}:${local.account}:repository"
  repo_prefix = try(split("/", var.connection.registry)[1], "")
}

data "aws_iam_policy_document" "batch" {
  # Reads, for which AWS offers no resource-level permission.
  statement {
    sid       = "LookAtBatch"
    actions   = ["batch:DescribeComputeEnvironments", "batch:DescribeJobDefinitions", "batch:DescribeJobQueues", "batch:DescribeJobs", "batch:ListConsumableResources", "batch:ListJobs"]
    resources = ["*"]
  }

  # What attempts cost: where jobs ran, and the prices of that. Prices have no resource-level permission.
  statement {
    sid       = "SeeWhereJobsRan"
    actions   = ["ecs:DescribeContainerInstances"]
    resources = ["${local.arn}:ecs:${local.region}:${local.account}:container-instance/*"]
  }

  statement {
    sid       = "AskForPrices"
    actions   = ["ec2:DescribeSpotPriceHistory", "pricing:GetProducts"]
    resources = ["*"]
  }

  # `limits` of a spec, such as licences: made when they are not there, changed by the platform team alone.
  statement {
    sid       = "MakeOurLimits"
    actions   = ["batch:CreateConsumableResource"]
    resources = ["${local.batch}:consumable-resource/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.environment_tag}"
      values   = [var.name]
    }
  }

  # Names of definitions are pipelines' and steps', so the tag tells which are ours. IfExists: a definition that says
  # nothing about privileges or images of several containers has no such key.
  statement {
    sid       = "RegisterOurDefinitions"
    actions   = ["batch:RegisterJobDefinition"]
    resources = ["${local.batch}:job-definition/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.environment_tag}"
      values   = [var.name]
    }

    condition {
      test     = "BoolIfExists"
      variable = "batch:Privileged"
      values   = ["false"]
    }

    condition {
      test     = "StringLikeIfExists"
      variable = "batch:Image"
      values   = local.images
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "batch:AWSLogsGroup"
      values   = [var.connection.log_group]
    }
  }

  statement {
    sid       = "RetireOurDefinitions"
    actions   = ["batch:DeregisterJobDefinition"]
    resources = ["${local.batch}:job-definition/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.environment_tag}"
      values   = [var.name]
    }
  }

  statement {
    sid       = "SubmitToOurQueues"
    actions   = ["batch:SubmitJob"]
    resources = values(var.connection.queue_arns)
  }

  # With a revision: Batch looks at a definition's tags only if the submission names one, and ours always do.
  statement {
    sid       = "SubmitOurDefinitions"
    actions   = ["batch:SubmitJob"]
    resources = ["${local.batch}:job-definition/*:*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.environment_tag}"
      values   = [var.name]
    }
  }

  statement {
    sid       = "TagWhatItMakes"
    actions   = ["batch:TagResource"]
    resources = ["${local.batch}:consumable-resource/*", "${local.batch}:job-definition/*", "${local.batch}:job/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.environment_tag}"
      values   = [var.name]
    }
  }

  statement {
    sid       = "EndOurJobs"
    actions   = ["batch:TerminateJob"]
    resources = ["${local.batch}:job/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.environment_tag}"
      values   = [var.name]
    }
  }

  # AWS's pages name either service as the one that a job definition's roles are passed to. Only ECS can take them: their
  # trust policies say so.
  statement {
    sid       = "GiveJobsTheirRoles"
    actions   = ["iam:PassRole"]
    resources = local.job_roles

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["batch.amazonaws.com", "ecs-tasks.amazonaws.com"]
    }
  }

  statement {
    sid       = "SeeThatJobsRolesExist"
    actions   = ["iam:GetRole"]
    resources = local.job_roles
  }

  statement {
    sid       = "ReadJobsLogs"
    actions   = ["logs:GetLogEvents"]
    resources = ["${local.arn}:logs:${local.region}:${local.account}:log-group:${var.connection.log_group}:*"]
  }

  statement {
    sid       = "ResolveTagsToDigests"
    actions   = ["ecr:DescribeImages"]
    resources = ["${local.ecr}/${local.repo_prefix}/*"]
  }

  # `platerunner doctor` lists the registry, which takes the permission for all of it. It is a read of names.
  statement {
    sid       = "ListRepositories"
    actions   = ["ecr:DescribeRepositories"]
    resources = ["${local.ecr}/*"]
  }
}
