# A copy in another region, written by S3 alone: for the day on which a region, or everything in this bucket, is lost. What is
# deleted here stays there; with a lock, nobody there can delete what is younger than that, whoever they are.

locals {
  copies = var.create && var.copy != null ? { for key in try(var.copy.buckets, []) : key => "${var.name}-${key}-copy-${local.account}-${var.copy.region}" } : {}
}

resource "aws_s3_bucket" "copy" {
  #checkov:skip=CKV_AWS_18:S3 alone writes it; who reads it stands in the trail of module safety, since access logs stay in their region.
  #checkov:skip=CKV_AWS_144:It is the copy.
  #checkov:skip=CKV2_AWS_62:Nobody waits for copies.
  for_each = local.copies

  region        = var.copy.region
  bucket        = each.value
  force_destroy = false
  tags          = merge(var.tags, { Name = each.value })

  lifecycle {
    prevent_destroy = true

    precondition {
      condition     = var.copy.region != local.region
      error_message = "copy.region is the region of the bucket itself: name another one."
    }
  }
}

resource "aws_s3_bucket_public_access_block" "copy" {
  for_each = local.copies

  region                  = var.copy.region
  bucket                  = aws_s3_bucket.copy[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "copy" {
  for_each = local.copies

  region = var.copy.region
  bucket = aws_s3_bucket.copy[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "copy" {
  for_each = local.copies

  region = var.copy.region
  bucket = aws_s3_bucket.copy[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "copy" {
  for_each = local.copies

  region = var.copy.region
  bucket = aws_s3_bucket.copy[each.key].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.copy[0].arn
    }
  }
}

resource "aws_s3_bucket_policy" "copy" {
  for_each = local.copies

  region = var.copy.region
  bucket = aws_s3_bucket.copy[each.key].id
  policy = data.aws_iam_policy_document.tls_only["${each.key}-copy"].json

  depends_on = [aws_s3_bucket_public_access_block.copy]
}

resource "aws_s3_bucket_lifecycle_configuration" "copy" {
  for_each = local.copies

  region = var.copy.region
  bucket = aws_s3_bucket.copy[each.key].id

  rule {
    id     = "forget-old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = max(var.noncurrent_days, coalesce(var.copy.lock_days, 0))
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.copy]
}

# In the mode COMPLIANCE nobody takes the lock away, not even the account's root.
resource "aws_s3_bucket_object_lock_configuration" "copy" {
  for_each = { for key, name in local.copies : key => name if try(var.copy.lock_days, null) != null }

  region = var.copy.region
  bucket = aws_s3_bucket.copy[each.key].id

  rule {
    default_retention {
      mode = var.copy.lock_mode
      days = var.copy.lock_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.copy]
}

resource "aws_s3_bucket_replication_configuration" "this" {
  for_each = local.copies

  bucket = aws_s3_bucket.this[each.key].id
  role   = aws_iam_role.copy[0].arn

  rule {
    id       = "copy"
    status   = "Enabled"
    priority = 0

    filter {}

    # What is deleted by mistake here is not to vanish there.
    delete_marker_replication {
      status = "Disabled"
    }

    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }

    destination {
      bucket        = aws_s3_bucket.copy[each.key].arn
      storage_class = "INTELLIGENT_TIERING"

      encryption_configuration {
        replica_kms_key_id = aws_kms_key.copy[0].arn
      }

      # Without them no alarm can say that copies fail.
      metrics {
        status = "Enabled"
      }
    }
  }

  depends_on = [
    aws_s3_bucket_versioning.this, aws_s3_bucket_versioning.copy, aws_s3_bucket_object_lock_configuration.copy, aws_iam_role_policy.copy,
    aws_s3_bucket_policy.copy, aws_s3_bucket_server_side_encryption_configuration.copy, aws_s3_bucket_ownership_controls.copy,
    aws_s3_bucket_policy.this, aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_ownership_controls.this,
  ]
}
