# What Platerunner plans from, and where it keeps its state. Jobs have a role of their own.

locals {
  places = concat(var.data, [var.workspace])
  s3     = "${local.arn}:s3:::"
}

data "aws_iam_policy_document" "data" {
  dynamic "statement" {
    for_each = local.places

    content {
      sid       = "ListUnderPrefix${statement.key}"
      actions   = ["s3:ListBucket"]
      resources = ["${local.s3}${statement.value.bucket}"]

      # IfExists: GetObject names no prefix, and S3 says "no such key" only to those who may list; to others, "denied".
      condition {
        test     = "StringLikeIfExists"
        variable = "s3:prefix"
        values   = statement.value.prefix == "" ? ["*"] : [statement.value.prefix, "${statement.value.prefix}/*"]
      }
    }
  }

  statement {
    sid       = "ReadUnderPrefixes"
    actions   = ["s3:GetObject"]
    resources = [for place in local.places : join("/", compact(["${local.s3}${place.bucket}", place.prefix, "*"]))]
  }

  # Raw files that are in an archive, for specs with `restore`.
  dynamic "statement" {
    for_each = length(var.data) > 0 ? [1] : []

    content {
      sid       = "RestoreFromArchives"
      actions   = ["s3:RestoreObject"]
      resources = [for place in var.data : join("/", compact(["${local.s3}${place.bucket}", place.prefix, "*"]))]
    }
  }

  # Delete: a rerun forgets outcomes, a gate its question. Old versions stay, since only s3:DeleteObjectVersion ends them.
  statement {
    sid       = "KeepTheWorkspace"
    actions   = ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${local.s3}${var.workspace.bucket}/${var.workspace.prefix}/*"]
  }

  # For the notifications of specs. The statement UseTheKey lets it encrypt them for topics with our key.
  dynamic "statement" {
    for_each = length(var.notify_topic_arns) > 0 ? [1] : []

    content {
      sid       = "TellOfRuns"
      actions   = ["sns:Publish"]
      resources = var.notify_topic_arns
    }
  }

  dynamic "statement" {
    for_each = var.arrival_queue_arn == null ? [] : [var.arrival_queue_arn]

    content {
      sid       = "HearOfArrivals"
      actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = [statement.value]
    }
  }
}
