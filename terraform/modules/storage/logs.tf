# The bucket of access logs. S3's log delivery cannot write with a key of ours, so this one has S3's own encryption.

resource "aws_s3_bucket" "logs" {
  #checkov:skip=CKV_AWS_144:Access logs need no copy in another region.
  #checkov:skip=CKV_AWS_145:S3 delivers access logs only to buckets encrypted with its own key.
  #checkov:skip=CKV2_AWS_62:Nobody waits for access logs.
  count = var.create ? 1 : 0

  bucket        = local.log_name
  force_destroy = false
  tags          = merge(var.tags, { Name = local.log_name })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "logs" {
  count = var.create ? 1 : 0

  bucket                  = aws_s3_bucket.logs[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "logs" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "logs" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id

  rule {
    id     = "forget"
    status = "Enabled"

    filter {}

    expiration {
      days = var.access_log_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.logs]
}

data "aws_iam_policy_document" "logs" {
  count = var.create ? 1 : 0

  source_policy_documents = concat([data.aws_iam_policy_document.tls_only["logs"].json], data.aws_iam_policy_document.trail[*].json)

  statement {
    sid       = "TakeAccessLogsOfOurBuckets"
    actions   = ["s3:PutObject"]
    resources = ["arn:${local.partition}:s3:::${local.log_name}/*"]

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [for bucket in values(local.buckets) : "arn:${local.partition}:s3:::${bucket}"]
    }
  }
}

data "aws_iam_policy_document" "trail" {
  count = var.create && var.trail_name != null ? 1 : 0

  statement {
    sid       = "LetTheTrailLook"
    actions   = ["s3:GetBucketAcl"]
    resources = ["arn:${local.partition}:s3:::${local.log_name}"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }

  statement {
    sid       = "TakeTheTrail"
    actions   = ["s3:PutObject"]
    resources = ["arn:${local.partition}:s3:::${local.log_name}/trail/AWSLogs/${local.account}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  count = var.create ? 1 : 0

  bucket = aws_s3_bucket.logs[0].id
  policy = data.aws_iam_policy_document.logs[0].json

  depends_on = [aws_s3_bucket_public_access_block.logs]
}
