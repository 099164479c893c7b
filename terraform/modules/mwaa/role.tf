# The role of Airflow itself. What MWAA needs to run is here; what Platerunner needs is in role_batch.tf and role_data.tf.

locals {
  arn = "arn:${local.partition}"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["${local.arn}:airflow:${local.region}:${local.account}:environment/${var.name}"]
    }
  }
}

data "aws_iam_policy_document" "airflow" {
  statement {
    sid       = "ReportItsHealth"
    actions   = ["airflow:PublishMetrics"]
    resources = ["${local.arn}:airflow:${local.region}:${local.account}:environment/${var.name}"]
  }

  # AWS offers no resource-level permission for metrics; the namespace is the limit.
  statement {
    sid       = "PutItsMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["AmazonMWAA", "AWS/MWAA"]
    }
  }

  statement {
    sid       = "ReadItsBucket"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["${var.bucket.arn}/*"]
  }

  statement {
    sid       = "LookAtItsBucket"
    actions   = ["s3:GetBucketLocation", "s3:GetBucketPublicAccessBlock", "s3:GetBucketVersioning", "s3:GetEncryptionConfiguration", "s3:ListBucket", "s3:ListBucketVersions"]
    resources = [var.bucket.arn]
  }

  # A read of the account's setting: AWS offers no resource-level permission for it.
  statement {
    sid       = "SeeThatTheAccountBlocksPublicAccess"
    actions   = ["s3:GetAccountPublicAccessBlock"]
    resources = ["*"]
  }

  statement {
    sid       = "WriteAndReadItsLogs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:GetLogEvents", "logs:GetLogRecord", "logs:GetLogGroupFields", "logs:GetQueryResults"]
    resources = ["${local.arn}:logs:${local.region}:${local.account}:log-group:airflow-${var.name}-*"]
  }

  statement {
    sid       = "FindLogGroups"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["${local.arn}:logs:${local.region}:${local.account}:log-group:*"]
  }

  # The queue between scheduler and workers is in an account of AWS's, under a name that MWAA chooses.
  statement {
    sid       = "PassTasksToWorkers"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage"]
    resources = ["${local.arn}:sqs:${local.region}:*:airflow-celery-*"]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["s3", "secretsmanager", "sns", "sqs"] : "${service}.${local.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "ReadItsConnections"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["${local.arn}:secretsmanager:${local.region}:${local.account}:secret:${local.connections_prefix}/*"]
  }
}

resource "aws_iam_role" "this" {
  count = var.create ? 1 : 0

  name               = "${var.name}-${local.region}-mwaa"
  description        = "Airflow of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = var.create ? {
    airflow = data.aws_iam_policy_document.airflow.json
    batch   = data.aws_iam_policy_document.batch.json
    data    = data.aws_iam_policy_document.data.json
  } : {}

  name   = each.key
  role   = aws_iam_role.this[0].id
  policy = each.value
}
