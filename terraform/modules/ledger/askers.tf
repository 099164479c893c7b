# What people need who ask the ledger, and no more: they read it, by Athena or by DuckDB on their own machine.

locals {
  ledger_parts  = regex("^(?:s3://)?(?P<bucket>[^/]*)/(?P<prefix>.*)$", trimsuffix(var.ledger_url, "/"))
  ledger_bucket = "arn:${local.partition}:s3:::${local.ledger_parts.bucket}"
  glue          = "arn:${local.partition}:glue:${data.aws_region.this.region}:${local.account}"
  results       = "arn:${local.partition}:s3:::${local.bucket}"
}

data "aws_iam_policy_document" "ask" {
  statement {
    sid = "AskInTheWorkgroup"
    actions = [
      "athena:BatchGetQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup",
      "athena:ListQueryExecutions", "athena:StartQueryExecution", "athena:StopQueryExecution",
    ]
    resources = ["arn:${local.partition}:athena:${data.aws_region.this.region}:${local.account}:workgroup/${var.name}-ledger"]
  }

  statement {
    sid       = "KnowTheTables"
    actions   = ["glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
    resources = ["${local.glue}:catalog", "${local.glue}:database/${local.database}", "${local.glue}:table/${local.database}/*"]
  }

  statement {
    sid       = "ReadTheLedger"
    actions   = ["s3:GetObject"]
    resources = ["${local.ledger_bucket}/${local.ledger_parts.prefix}/*"]
  }

  statement {
    sid       = "ListTheLedger"
    actions   = ["s3:ListBucket"]
    resources = [local.ledger_bucket]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [local.ledger_parts.prefix, "${local.ledger_parts.prefix}/*"]
    }
  }

  # Athena looks where a bucket is, in the name of who asks.
  statement {
    sid       = "FindTheBuckets"
    actions   = ["s3:GetBucketLocation"]
    resources = [local.ledger_bucket, local.results]
  }

  # Athena writes what it answers in the name of who asks.
  statement {
    sid       = "WriteAndReadAnswers"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${local.results}/*"]
  }

  statement {
    sid       = "ListAnswers"
    actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [local.results]
  }

  statement {
    sid       = "UseTheKeyThroughS3"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${data.aws_region.this.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_policy" "ask" {
  count = var.create ? 1 : 0

  name        = "${var.name}-${data.aws_region.this.region}-ledger-ask"
  description = "Ask the ledger of ${var.name}, and change nothing"
  policy      = data.aws_iam_policy_document.ask.json
  tags        = var.tags
}

data "aws_iam_policy_document" "asker" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = var.asked_by
    }
  }
}

resource "aws_iam_role" "ask" {
  count = var.create && length(var.asked_by) > 0 ? 1 : 0

  name               = "${var.name}-${data.aws_region.this.region}-ledger-ask"
  description        = "Asks the ledger of ${var.name}, and changes nothing"
  assume_role_policy = data.aws_iam_policy_document.asker.json
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "ask" {
  count = var.create && length(var.asked_by) > 0 ? 1 : 0

  role       = aws_iam_role.ask[0].name
  policy_arn = aws_iam_policy.ask[0].arn
}
