# One key for everything that the environment stores: buckets, logs, topics, secrets, MWAA.

resource "aws_kms_key" "this" {
  count = var.create ? 1 : 0

  description             = "${var.name}: buckets, logs, topics and secrets of Platerunner"
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_days
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = merge(var.tags, { Name = var.name })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "this" {
  count = var.create ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}

# In a key's policy, the resource `*` is this key.
data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:In a key's policy the resource * is the key itself.
  #checkov:skip=CKV_AWS_111:In a key's policy the resource * is the key itself.
  #checkov:skip=CKV_AWS_356:In a key's policy the resource * is the key itself.

  # Without this, IAM policies could not grant use of the key, and nobody could fix this policy.
  statement {
    sid       = "AccountDecidesByIam"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "LogGroupsOfThisAccount"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:*"]
    }
  }

  dynamic "statement" {
    for_each = var.trail_name == null ? [] : [local.trail_arn]

    content {
      sid       = "TheTrailEncrypts"
      actions   = ["kms:GenerateDataKey", "kms:DescribeKey"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["cloudtrail.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = [statement.value]
      }
    }
  }

  # The role that FSx makes for each file system which is linked to a bucket.
  # https://docs.aws.amazon.com/fsx/latest/LustreGuide/s3-server-side-encryption-support.html
  dynamic "statement" {
    for_each = var.fast_storage ? [1] : []

    content {
      sid       = "FSxReadsLinkedBuckets"
      actions   = ["kms:Decrypt", "kms:DescribeKey"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = ["*"]
      }

      condition {
        test     = "StringEquals"
        variable = "kms:CallerAccount"
        values   = [local.account]
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.amazonaws.com"]
      }

      condition {
        test     = "StringLike"
        variable = "aws:userid"
        values   = ["*:FSx"]
      }
    }
  }

  statement {
    sid       = "AlarmsAndBudgetsPublishToTopics"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}
