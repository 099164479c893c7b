# What Batch says of jobs and queues, and ECR of holes in images: recorded, counted, and only the counts raise alarms.

locals {
  events = {
    jobs = {
      source        = ["aws.batch"]
      "detail-type" = ["Batch Job State Change"]
      detail        = { jobQueue = values(var.queue_arns), status = sort(var.recorded_statuses) }
    }
    blocked = {
      source        = ["aws.batch"]
      "detail-type" = ["Batch Job Queue Blocked"]
      detail        = { jobQueue = values(var.queue_arns) }
    }
    scans = {
      source        = ["aws.ecr"]
      "detail-type" = ["ECR Image Scan"]
      detail        = { "repository-name" = [{ prefix = "${var.name}/" }] }
    }
  }
}

resource "aws_cloudwatch_event_rule" "batch" {
  for_each = { for key, event in local.events : key => event if var.create }

  name          = "${var.name}-${trimprefix(each.value.source[0], "aws.")}-${each.key}"
  description   = "${each.value["detail-type"][0]} of ${var.name}"
  event_pattern = jsonencode(each.value)
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "batch" {
  for_each = { for key, event in local.events : key => event if var.create }

  rule      = aws_cloudwatch_event_rule.batch[each.key].name
  target_id = "log"
  arn       = aws_cloudwatch_log_group.events[0].arn
}

resource "aws_cloudwatch_log_group" "events" {
  #checkov:skip=CKV_AWS_338:Outcomes are in the workspace for good; these events are for alarms and a look back.
  count = var.create ? 1 : 0

  name              = "/aws/events/${var.name}/batch" # EventBridge writes only below /aws/events/
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

# A rule can only have a log group of its own account for a target, so no condition has to say whose rules may write.
data "aws_iam_policy_document" "events" {
  statement {
    sid       = "EventBridgeWritesHere"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/events/${var.name}/*"]

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com", "events.amazonaws.com"]
    }
  }
}

resource "aws_cloudwatch_log_resource_policy" "events" {
  count = var.create ? 1 : 0

  policy_name     = "${var.name}-batch-events"
  policy_document = data.aws_iam_policy_document.events.json
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = var.create ? {
    FailedJobs  = "{ $.detail.status = \"FAILED\" }"
    BlockedJobs = "{ $.detail-type = \"Batch Job Queue Blocked\" }"
    ImageHoles  = "{ ($.detail.finding-severity-counts.CRITICAL > 0) || ($.detail.finding-severity-counts.HIGH > 0) }"
  } : {}

  name           = "${var.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.events[0].name
  pattern        = each.value

  metric_transformation {
    namespace     = local.namespace
    name          = each.key
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}
