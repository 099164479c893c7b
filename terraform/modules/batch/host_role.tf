# What a host's ECS agent does: join the clusters that Batch makes for our environments, and report.
# AWS's own AmazonEC2ContainerServiceforEC2Role grants the same for every cluster, repository and log group.

locals {
  # How Batch names clusters: AWSBatch-<environment>-<id>; formerly <environment>_Batch_<id>.
  clusters  = [for pattern in ["AWSBatch-${var.name}-*", "${var.name}-*_Batch_*"] : "arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/${pattern}"]
  instances = "arn:${local.partition}:ecs:${local.region}:${local.account}:container-instance/*"
}

data "aws_iam_policy_document" "host_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "host" {
  source_policy_documents = [data.aws_iam_policy_document.pull_and_log.json]

  # Where to poll: AWS offers no resource-level permission for this read.
  statement {
    sid       = "FindTheEndpoint"
    actions   = ["ecs:DiscoverPollEndpoint"]
    resources = ["*"]
  }

  statement {
    sid       = "JoinOurClusters"
    actions   = ["ecs:RegisterContainerInstance", "ecs:DeregisterContainerInstance", "ecs:SubmitAttachmentStateChanges", "ecs:SubmitContainerStateChange", "ecs:SubmitTaskStateChange"]
    resources = local.clusters
  }

  statement {
    sid       = "WorkInOurClusters"
    actions   = ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"]
    resources = [local.instances]

    condition {
      test     = "ArnLike"
      variable = "ecs:cluster"
      values   = local.clusters
    }
  }

  statement {
    sid       = "TagItselfWhenJoining"
    actions   = ["ecs:TagResource"]
    resources = [local.instances]

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RegisterContainerInstance"]
    }
  }
}

resource "aws_iam_role" "host" {
  count = length(local.hosts) > 0 ? 1 : 0

  name               = "${var.name}-${local.region}-host"
  description        = "Hosts of Batch jobs of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.host_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "host" {
  count = length(local.hosts) > 0 ? 1 : 0

  name   = "host"
  role   = aws_iam_role.host[0].id
  policy = data.aws_iam_policy_document.host.json
}

resource "aws_iam_instance_profile" "host" {
  count = length(local.hosts) > 0 ? 1 : 0

  name = "${var.name}-${local.region}-host"
  role = aws_iam_role.host[0].name
  tags = var.tags
}
