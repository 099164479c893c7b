# A monthly budget. Its limit closes the Batch queues: AWS Budgets' own actions can stop EC2 and RDS instances or attach
# policies, but not close a queue, so the limit goes to a small state machine that can (closing.tf).

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account    = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition
  region     = data.aws_region.this.region
  limit_name = "${var.name}-budget-limit"
  machine    = "${var.name}-queues"
  limit_arn  = "arn:${local.partition}:sns:${local.region}:${local.account}:${local.limit_name}"
  queue_arn  = "arn:${local.partition}:sqs:${local.region}:${local.account}:${local.limit_name}"

  open_command = "aws stepfunctions start-execution --region ${local.region} --state-machine-arn ${local.machine_arn} --input '{\"state\": \"ENABLED\"}'"
}

resource "aws_budgets_budget" "this" {
  count = var.create ? 1 : 0

  name         = "${var.name}-monthly"
  budget_type  = "COST"
  limit_amount = tostring(var.limit_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"
  tags         = var.tags

  dynamic "cost_filter" {
    for_each = var.cost_tag == null ? [] : [var.cost_tag]

    content {
      name   = "TagKeyValue"
      values = [format("user:%s$%s", cost_filter.value.key, cost_filter.value.value)]
    }
  }

  dynamic "notification" {
    for_each = var.warn_percent

    content {
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      notification_type         = "ACTUAL"
      subscriber_sns_topic_arns = [var.alert_topic_arn]
    }
  }

  notification {
    comparison_operator       = "GREATER_THAN"
    threshold                 = 100
    threshold_type            = "PERCENTAGE"
    notification_type         = "FORECASTED"
    subscriber_sns_topic_arns = [var.alert_topic_arn]
  }

  # The one that closes the queues.
  notification {
    comparison_operator        = "GREATER_THAN"
    threshold                  = 100
    threshold_type             = "PERCENTAGE"
    notification_type          = "ACTUAL"
    subscriber_sns_topic_arns  = [aws_sns_topic.limit[0].arn]
    subscriber_email_addresses = var.emails
  }

  # Budgets tries its topics when it is made.
  depends_on = [aws_sns_topic_policy.limit]
}
