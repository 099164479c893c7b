# An object arrives in S3, EventBridge notices, SQS keeps the message until Airflow's asset watcher has taken it.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  key  = var.prefix == "" ? [] : [{ prefix = var.prefix }]
  ends = [for suffix in var.suffixes : { suffix = suffix }]
  # EventBridge joins several patterns of one key by "or"; a prefix and a suffix together need a wildcard.
  both  = [for suffix in var.suffixes : { wildcard = "${var.prefix}*${suffix}" }]
  keys  = length(local.key) > 0 && length(local.ends) > 0 ? local.both : concat(local.key, local.ends)
  arn   = "arn:${data.aws_partition.this.partition}:sqs:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}"
  names = var.create ? { arrivals = "${var.name}-arrivals", dead = "${var.name}-arrivals-dead" } : {}
}

resource "aws_cloudwatch_event_rule" "this" {
  count = var.create ? 1 : 0

  name        = "${var.name}-arrivals"
  description = "Objects that arrive in ${var.bucket_name}"
  tags        = var.tags
  event_pattern = jsonencode({
    source        = ["aws.s3"]
    "detail-type" = ["Object Created"]
    detail = merge(
      { bucket = { name = [var.bucket_name] } },
      length(local.keys) > 0 ? { object = { key = local.keys } } : {},
    )
  })
}

resource "aws_cloudwatch_event_target" "this" {
  count = var.create ? 1 : 0

  rule      = aws_cloudwatch_event_rule.this[0].name
  target_id = "arrivals"
  arn       = aws_sqs_queue.this["arrivals"].arn

  # What EventBridge itself cannot deliver.
  dead_letter_config {
    arn = aws_sqs_queue.this["dead"].arn
  }
}

# SQS encrypts with its own key: EventBridge could write to a queue with ours only by a grant without conditions.
resource "aws_sqs_queue" "this" {
  for_each = local.names

  name                       = each.value
  sqs_managed_sse_enabled    = true
  message_retention_seconds  = each.key == "dead" ? 1209600 : var.retention_days * 86400
  visibility_timeout_seconds = 60
  receive_wait_time_seconds  = 20
  tags                       = var.tags
}

resource "aws_sqs_queue_redrive_policy" "this" {
  count = var.create ? 1 : 0

  queue_url = aws_sqs_queue.this["arrivals"].id
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.this["dead"].arn
    maxReceiveCount     = var.max_receives
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "this" {
  count = var.create ? 1 : 0

  queue_url = aws_sqs_queue.this["dead"].id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this["arrivals"].arn]
  })
}

data "aws_iam_policy_document" "queue" {
  for_each = local.names

  statement {
    sid       = "OurRuleSends"
    actions   = ["sqs:SendMessage"]
    resources = ["${local.arn}:${each.value}"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.this.partition}:events:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}:rule/${var.name}-arrivals"]
    }
  }

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = ["${local.arn}:${each.value}"]

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

resource "aws_sqs_queue_policy" "this" {
  for_each = local.names

  queue_url = aws_sqs_queue.this[each.key].id
  policy    = data.aws_iam_policy_document.queue[each.key].json
}
