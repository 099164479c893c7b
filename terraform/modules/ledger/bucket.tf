# Where Athena puts what it answers, which can be asked again.

resource "aws_s3_bucket" "results" {
  #checkov:skip=CKV_AWS_18:Who asked what is in Athena's own history.
  #checkov:skip=CKV_AWS_21:What it holds can be asked again.
  #checkov:skip=CKV_AWS_144:What it holds can be asked again.
  #checkov:skip=CKV2_AWS_62:Nobody waits for results.
  count = var.create ? 1 : 0

  bucket        = local.bucket
  force_destroy = true
  tags          = merge(var.tags, { Name = local.bucket })
}

resource "aws_s3_bucket_public_access_block" "results" {
  count = var.create ? 1 : 0

  bucket                  = aws_s3_bucket.results[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "results" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.results[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "results" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.results[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "results" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.results[0].id

  rule {
    id     = "forget-answers"
    status = "Enabled"

    filter {}

    expiration {
      days = var.result_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["arn:${local.partition}:s3:::${local.bucket}", "arn:${local.partition}:s3:::${local.bucket}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "results" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.results[0].id
  policy = data.aws_iam_policy_document.tls_only.json

  depends_on = [aws_s3_bucket_public_access_block.results]
}
