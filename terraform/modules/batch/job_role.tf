# What a job may do: read data under its prefixes, read and write under the workspace's. It deletes nothing.

locals {
  places = concat(var.data, [var.workspace])
}

data "aws_iam_policy_document" "tasks_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "job" {
  dynamic "statement" {
    for_each = local.places

    content {
      sid       = "ListUnderPrefix${statement.key}"
      actions   = ["s3:ListBucket"]
      resources = [statement.value.bucket_arn]

      # IfExists: GetObject names no prefix, and S3 says "no such key" only to those who may list; to others, "denied".
      condition {
        test     = "StringLikeIfExists"
        variable = "s3:prefix"
        values   = statement.value.prefix == "" ? ["*"] : [statement.value.prefix, "${statement.value.prefix}/*"]
      }
    }
  }

  statement {
    sid       = "ReadUnderPrefixes"
    actions   = ["s3:GetObject"]
    resources = [for place in local.places : join("/", compact([place.bucket_arn, place.prefix, "*"]))]
  }

  statement {
    sid       = "WriteUnderTheWorkspace"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${var.workspace.bucket_arn}/${var.workspace.prefix}/*"]
  }

  # For ECS Exec: AWS offers no resource-level permission for the channels of Session Manager.
  dynamic "statement" {
    for_each = var.shell ? [1] : []

    content {
      sid       = "LetAShellIn"
      actions   = ["ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"]
      resources = ["*"]
    }
  }

  statement {
    sid       = "UseTheBucketsKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "job" {
  count = var.create ? 1 : 0

  name               = "${var.name}-${local.region}-job"
  description        = "Batch jobs of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.tasks_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "job" {
  count = var.create ? 1 : 0

  name   = "job"
  role   = aws_iam_role.job[0].id
  policy = data.aws_iam_policy_document.job.json
}
