# What the host does by itself: keep Session Manager's channel. Whoever sits at it brings rights of their own.

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "this" {
  # AWS offers no resource-level permission for the channels of Session Manager.
  statement {
    sid = "KeepTheChannel"
    actions = [
      "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "ReportItself"
    actions   = ["ssm:UpdateInstanceInformation"]
    resources = ["arn:${data.aws_partition.this.partition}:ec2:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}:instance/*"]
  }

  statement {
    sid       = "EncryptSessions"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]
  }
}

resource "aws_iam_role" "this" {
  count = var.create ? 1 : 0

  name               = "${var.name}-${data.aws_region.this.region}-login"
  description        = "Login host of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "this" {
  count = var.create ? 1 : 0

  name   = "session-manager"
  role   = aws_iam_role.this[0].id
  policy = data.aws_iam_policy_document.this.json
}

resource "aws_iam_instance_profile" "this" {
  count = var.create ? 1 : 0

  name = "${var.name}-${data.aws_region.this.region}-login"
  role = aws_iam_role.this[0].name
  tags = var.tags
}
