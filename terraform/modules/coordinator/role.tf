# The host's role: what Platerunner needs is the same as on MWAA, and handed in (`run_policies`); here is what the host needs
# besides. The other role is that of snapshots.

locals {
  arn          = "arn:${local.partition}"
  host_tag     = "platerunner:coordinator"
  snapshot_tag = "platerunner:snapshots"
}

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
    resources = ["${local.arn}:ec2:${local.region}:${local.account}:instance/*"]
  }

  # AWS offers no resource-level permission for metrics; the namespace is the limit.
  statement {
    sid       = "TellItsHealth"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.namespace]
    }
  }

  statement {
    sid       = "TakeTheBundle"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket.arn}/*"]
  }

  statement {
    sid       = "SeeTheBundle"
    actions   = ["s3:ListBucket"]
    resources = [var.bucket.arn]
  }

  # `platerunner doctor` looks whether that of jobs is there.
  statement {
    sid       = "FindLogGroups"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["${local.arn}:logs:${local.region}:${local.account}:log-group:*"]
  }

  statement {
    sid       = "ReadItsConnections"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["${local.arn}:secretsmanager:${local.region}:${local.account}:secret:${local.connections_prefix}/*"]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["s3", "secretsmanager", "sns"] : "${service}.${local.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  count = var.create ? 1 : 0

  name               = "${var.name}-${local.region}-coordinator"
  description        = "Host of Airflow of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "this" {
  count = var.create ? 1 : 0

  name   = "host"
  role   = aws_iam_role.this[0].id
  policy = data.aws_iam_policy_document.this.json
}

resource "aws_iam_role_policy" "run" {
  for_each = var.create ? { run-batch = var.run_policies.batch, run-data = var.run_policies.data } : {}

  name   = each.key
  role   = aws_iam_role.this[0].id
  policy = each.value
}

resource "aws_iam_instance_profile" "this" {
  count = var.create ? 1 : 0

  name = "${var.name}-${local.region}-coordinator"
  role = aws_iam_role.this[0].name
  tags = var.tags
}

# AWS's own AWSDataLifecycleManagerServiceRole, for this volume and for what is made of it alone.
data "aws_iam_policy_document" "snapshots" {
  # Reads, for which AWS offers no resource-level permission.
  statement {
    sid       = "LookAtVolumesAndSnapshots"
    actions   = ["ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"]
    resources = ["*"]
  }

  statement {
    sid       = "CopyOurVolume"
    actions   = ["ec2:CreateSnapshot"]
    resources = ["${local.arn}:ec2:${local.region}:${local.account}:volume/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.snapshot_tag}"
      values   = [var.name]
    }
  }

  # A new snapshot is no resource with tags yet; it gets them in the same call.
  statement {
    sid       = "MakeSnapshots"
    actions   = ["ec2:CreateSnapshot", "ec2:CreateTags"]
    resources = ["${local.arn}:ec2:${local.region}::snapshot/*"]
  }

  statement {
    sid       = "EndOldSnapshots"
    actions   = ["ec2:DeleteSnapshot"]
    resources = ["${local.arn}:ec2:${local.region}::snapshot/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.snapshot_tag}"
      values   = [var.name]
    }
  }
}

data "aws_iam_policy_document" "snapshots_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["dlm.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "snapshots" {
  count = var.create ? 1 : 0

  name               = "${var.name}-${local.region}-snapshots"
  description        = "Snapshots of the volume of ${var.name}'s Airflow"
  assume_role_policy = data.aws_iam_policy_document.snapshots_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "snapshots" {
  count = var.create ? 1 : 0

  name   = "snapshots"
  role   = aws_iam_role.snapshots[0].id
  policy = data.aws_iam_policy_document.snapshots.json
}
