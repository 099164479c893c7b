# What becomes of objects with time. Nothing current is ever deleted here.

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.buckets

  bucket = aws_s3_bucket.this[each.key].id

  # A broken upload is paid for, and not seen, until somebody ends it.
  rule {
    id     = "end-broken-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "forget-old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.noncurrent_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  dynamic "rule" {
    for_each = var.intelligent_tiering && each.key != "airflow" ? [1] : []

    content {
      id     = "tier-by-use"
      status = "Enabled"

      # S3 charges for watching each object, and does not tier those below 128 KiB anyway.
      filter {
        object_size_greater_than = 131072
      }

      transition {
        days          = 0
        storage_class = "INTELLIGENT_TIERING"
      }
    }
  }

  dynamic "rule" {
    for_each = { for bucket, archive in var.archive : bucket => archive if bucket == each.key }

    content {
      id     = "archive"
      status = "Enabled"

      filter {
        and {
          prefix                   = rule.value.prefix
          object_size_greater_than = 131072
        }
      }

      transition {
        days          = rule.value.days
        storage_class = rule.value.storage_class
      }
    }
  }

  # Versioning first: without it, rules about old versions are refused.
  depends_on = [aws_s3_bucket_versioning.this]
}
