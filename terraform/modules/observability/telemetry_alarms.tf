# With a collector: the alerts of observability/alerts.py that CloudWatch can ask for, under the same names. The others need
# buckets of histograms, more than the three hours that a query of an alarm looks back, or two series at once: a Prometheus
# answers them, from the same data.

locals {
  of_cloudwatch = [for collector in local.collector : collector if collector.target == null]
  telemetry_alarms = length(local.of_cloudwatch) == 0 ? {} : {
    RunFailed = {
      what   = "A run failed."
      query  = "SELECT COUNT(\"platerunner.run.duration\") FROM \"${local.namespace}\" WHERE \"platerunner.result\" = 'failed'"
      period = 900
      over   = 0
    }
    QueueBlocked = {
      what   = "Units have waited for a machine for more than two hours."
      query  = "SELECT MAX(\"platerunner.jobs.oldest_waiting\") FROM \"${local.namespace}\""
      period = 900
      over   = 7200
    }
    BudgetClosing = {
      what   = "A run would cost more than 90 % of its budget."
      query  = "SELECT MAX(\"platerunner.run.budget.utilization\") FROM \"${local.namespace}\""
      period = 3600
      over   = 0.9
    }
    StepFailed = {
      what   = "A step failed: more of its units than it tolerates."
      query  = "SELECT COUNT(\"platerunner.step.duration\") FROM \"${local.namespace}\" WHERE \"platerunner.result\" = 'failed'"
      period = 900
      over   = 0
    }
    SpotStorm = {
      what   = "AWS takes hosts back: more than twenty attempts in an hour were lost."
      query  = "SELECT SUM(\"platerunner.step.attempts\") FROM \"${local.namespace}\" WHERE \"platerunner.verdict\" = 'spot_interrupted'"
      period = 3600
      over   = 20
    }
    ApiRefused = {
      what   = "AWS Batch throttled or refused more than ten looks at its jobs in a quarter of an hour."
      query  = "SELECT SUM(\"platerunner.poller.troubles\") FROM \"${local.namespace}\""
      period = 900
      over   = 10
    }
    TriggererBehind = {
      what   = "The triggerer is behind: its event loop is more than ten seconds late."
      query  = "SELECT MAX(\"platerunner.poller.lag\") FROM \"${local.namespace}\""
      period = 300
      over   = 10
    }
    TelemetryDropping = {
      what   = "Lines of units did not reach the collector."
      query  = "SELECT SUM(\"platerunner.telemetry.dropped\") FROM \"${local.namespace}\""
      period = 900
      over   = 0
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "telemetry" {
  for_each = local.telemetry_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.what} What to do: docs/runbook.md#${lower(each.key)}"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.over
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this[0].arn]
  ok_actions          = [aws_sns_topic.this[0].arn]
  tags                = var.tags

  # A query of CloudWatch Metrics Insights: sums over pipelines and steps, of which nobody knows today which there will be.
  metric_query {
    id          = "asked"
    expression  = each.value.query
    period      = each.value.period
    return_data = true
  }

  depends_on = [aws_sns_topic_policy.this]
}

# A collector that is gone reports nothing: ECS counts its tasks.
resource "aws_cloudwatch_metric_alarm" "collector" {
  count = length(local.collector)

  alarm_name          = "${var.name}-CollectorGone"
  alarm_description   = "The collector does not run: what units tell now is lost. What to do: docs/runbook.md#collectorgone"
  comparison_operator = "LessThanThreshold"
  namespace           = "ECS/ContainerInsights"
  metric_name         = "RunningTaskCount"
  dimensions          = { ClusterName = local.collector_name, ServiceName = "collector" }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.this[0].arn]
  ok_actions          = [aws_sns_topic.this[0].arn]
  tags                = var.tags

  depends_on = [aws_sns_topic_policy.this]
}
