# Two roles of the collector: it sends, and ECS starts it.

locals {
  telemetry_arn = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.telemetry_group}:*"
  collector_policies = length(local.collector) == 0 ? {} : {
    task  = data.aws_iam_policy_document.collector_task.json
    start = data.aws_iam_policy_document.collector_start.json
  }
}

data "aws_iam_policy_document" "collector_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "collector_task" {
  # AWS offers no resource-level permission for writing traces.
  statement {
    sid       = "SendTraces"
    actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    resources = ["*"]
  }

  statement {
    sid       = "SendMetricsAndLogs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [local.telemetry_arn]
  }

  dynamic "statement" {
    for_each = local.amp

    content {
      sid       = "SendMetricsToPrometheus"
      actions   = ["aps:RemoteWrite"]
      resources = ["arn:${local.partition}:aps:${regex(local.amp_pattern, statement.value)[0]}:${local.account}:workspace/${regex(local.amp_pattern, statement.value)[1]}"]
    }
  }
}

data "aws_iam_policy_document" "collector_start" {
  statement {
    sid       = "WriteItsLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [local.telemetry_arn]
  }

  dynamic "statement" {
    for_each = length(try(var.collector.repository_arns, [])) > 0 ? [1] : []

    content {
      sid       = "PullItsImage"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = var.collector.repository_arns
    }
  }

  dynamic "statement" {
    for_each = length(local.secrets) > 0 ? [1] : []

    content {
      sid       = "ReadTheAuthorization"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = local.secrets
    }
  }

  # A token for the registry as a whole: AWS offers no resource-level permission for it. It reads nothing by itself.
  statement {
    sid       = "LogIntoTheRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "collector" {
  for_each = local.collector_policies

  name               = "${local.collector_name}-${local.region}-${each.key}"
  description        = "OpenTelemetry collector of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.collector_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "collector" {
  for_each = local.collector_policies

  name   = each.key
  role   = aws_iam_role.collector[each.key].id
  policy = each.value
}
