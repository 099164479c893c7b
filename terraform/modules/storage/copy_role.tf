# By which S3 copies to the other region, and the key there: that of this region would be lost with it.

resource "aws_kms_key" "copy" {
  count = length(local.copies) > 0 ? 1 : 0

  region                  = var.copy.region
  description             = "${var.name}: copies of buckets in another region"
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_days
  policy                  = data.aws_iam_policy_document.copy_key.json
  tags                    = merge(var.tags, { Name = "${var.name}-copy" })

  lifecycle {
    prevent_destroy = true
  }
}

# In a key's policy, the resource `*` is this key.
data "aws_iam_policy_document" "copy_key" {
  #checkov:skip=CKV_AWS_109:In a key's policy the resource * is the key itself.
  #checkov:skip=CKV_AWS_111:In a key's policy the resource * is the key itself.
  #checkov:skip=CKV_AWS_356:In a key's policy the resource * is the key itself.
  statement {
    sid       = "AccountDecidesByIam"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }
}

data "aws_iam_policy_document" "copy_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "copy" {
  statement {
    sid       = "KnowWhatToCopy"
    actions   = ["s3:GetReplicationConfiguration", "s3:ListBucket"]
    resources = [for key in keys(local.copies) : aws_s3_bucket.this[key].arn]
  }

  statement {
    sid       = "ReadWhatIsCopied"
    actions   = ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"]
    resources = [for key in keys(local.copies) : "${aws_s3_bucket.this[key].arn}/*"]
  }

  statement {
    sid       = "WriteCopies"
    actions   = ["s3:ReplicateObject", "s3:ReplicateTags"]
    resources = [for bucket in values(aws_s3_bucket.copy) : "${bucket.arn}/*"]
  }

  statement {
    sid       = "UseTheKeyHere"
    actions   = ["kms:Decrypt"]
    resources = aws_kms_key.this[*].arn

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "UseTheKeyThere"
    actions   = ["kms:Encrypt", "kms:GenerateDataKey"]
    resources = aws_kms_key.copy[*].arn

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${try(var.copy.region, local.region)}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "copy" {
  count = length(local.copies) > 0 ? 1 : 0

  name               = "${var.name}-${local.region}-copy"
  description        = "S3 copies buckets of ${var.name} to another region"
  assume_role_policy = data.aws_iam_policy_document.copy_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "copy" {
  count = length(local.copies) > 0 ? 1 : 0

  name   = "copy"
  role   = aws_iam_role.copy[0].id
  policy = data.aws_iam_policy_document.copy.json
}
