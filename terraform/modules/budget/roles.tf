# Two roles: the pipe starts the machine, the machine sets the state of our queues and environments.

locals {
  machine_arn = "arn:${local.partition}:states:${local.region}:${local.account}:stateMachine:${local.machine}"
  roles = var.create ? {
    pipe    = { service = "pipes.amazonaws.com", policy = data.aws_iam_policy_document.pipe.json }
    machine = { service = "states.amazonaws.com", policy = data.aws_iam_policy_document.machine.json }
  } : {}
}

data "aws_iam_policy_document" "trust" {
  for_each = local.roles

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = [each.value.service]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "pipe" {
  statement {
    sid       = "TakeTheLimitsMessage"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [local.queue_arn]
  }

  statement {
    sid       = "StartTheMachine"
    actions   = ["states:StartExecution"]
    resources = [local.machine_arn]
  }
}

data "aws_iam_policy_document" "machine" {
  # A read, for which AWS offers no resource-level permission.
  statement {
    sid       = "FindEnvironments"
    actions   = ["batch:DescribeJobQueues"]
    resources = ["*"]
  }

  statement {
    sid       = "Remember"
    actions   = ["ssm:PutParameter"]
    resources = ["arn:${local.partition}:ssm:${local.region}:${local.account}:parameter/${trimprefix(var.state_parameter, "/")}"]
  }

  statement {
    sid       = "SetQueues"
    actions   = ["batch:UpdateJobQueue"]
    resources = values(var.queue_arns)
  }

  # By prefix, since environments are replaced under new names.
  statement {
    sid       = "SetEnvironments"
    actions   = ["batch:UpdateComputeEnvironment"]
    resources = ["arn:${local.partition}:batch:${local.region}:${local.account}:compute-environment/${var.name}-*"]
  }

  statement {
    sid       = "Tell"
    actions   = ["sns:Publish"]
    resources = [var.alert_topic_arn]
  }

  statement {
    sid       = "EncryptTheMessage"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sns.${local.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name               = "${var.name}-${local.region}-budget-${each.key}"
  description        = "Closes ${var.name}'s queues at the budget's limit"
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
  tags               = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = local.roles

  name   = each.key
  role   = aws_iam_role.this[each.key].id
  policy = each.value.policy
}
