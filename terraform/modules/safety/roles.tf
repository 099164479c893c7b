# Roles of the trail and of AWS Backup. What the latter may do is AWS's AWSBackupServiceRolePolicyForS3Backup, for these
# buckets alone: https://docs.aws.amazon.com/aws-backup/latest/devguide/s3-backups.html#s3-backup-permissions

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "WriteItsOwnLogGroup"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/cloudtrail/${var.name}:log-stream:${local.account}_CloudTrail_${local.region}*"]
  }
}

data "aws_iam_policy_document" "this_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "this" {
  count = local.trails ? 1 : 0

  name               = "${var.name}-${local.region}-trail"
  assume_role_policy = data.aws_iam_policy_document.this_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "this" {
  count = local.trails ? 1 : 0

  name   = "trail"
  role   = aws_iam_role.this[0].id
  policy = data.aws_iam_policy_document.this.json
}

data "aws_iam_policy_document" "backup" {
  statement {
    sid = "WatchBuckets"
    actions = [
      "s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketNotification", "s3:GetBucketTagging", "s3:GetBucketVersioning",
      "s3:GetInventoryConfiguration", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutBucketNotification", "s3:PutInventoryConfiguration",
    ]
    resources = var.backup_arns
  }

  statement {
    sid = "ReadObjects"
    actions = [
      "s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging",
    ]
    resources = [for arn in var.backup_arns : "${arn}/*"]
  }

  # AWS offers nothing narrower for these.
  statement {
    sid       = "FindWhatToBackUp"
    actions   = ["s3:ListAllMyBuckets", "cloudwatch:GetMetricData", "events:ListRules"]
    resources = ["*"]
  }

  statement {
    sid = "HearOfChanges"
    actions = [
      "events:DeleteRule", "events:DescribeRule", "events:DisableRule", "events:EnableRule", "events:ListTargetsByRule", "events:PutRule",
      "events:PutTargets", "events:RemoveTargets",
    ]
    resources = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/AwsBackupManagedRule*"]
  }

  statement {
    sid       = "TagWhatItKeeps"
    actions   = ["backup:TagResource"]
    resources = ["arn:${local.partition}:backup:${local.region}:${local.account}:recovery-point:*"]
  }

  statement {
    sid       = "ReadWhatIsEncrypted"
    actions   = ["kms:Decrypt", "kms:DescribeKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "EncryptTheVault"
    actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["backup.${local.region}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "backup_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "backup" {
  count = local.backs_up ? 1 : 0

  name               = "${var.name}-${local.region}-backup"
  assume_role_policy = data.aws_iam_policy_document.backup_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "backup" {
  count = local.backs_up ? 1 : 0

  name   = "backup"
  role   = aws_iam_role.backup[0].id
  policy = data.aws_iam_policy_document.backup.json
}
