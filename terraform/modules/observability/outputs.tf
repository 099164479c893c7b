output "alert_topic_arn" {
  description = "ARN of the topic of alarms."
  value       = one(aws_sns_topic.this[*].arn)

  # Who publishes must be allowed to: Budgets tries the topic as soon as it hears of it.
  depends_on = [aws_sns_topic_policy.this]
}

output "dashboard_name" {
  description = "Name of the dashboard."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = [for alarm in concat(values(aws_cloudwatch_metric_alarm.this), values(aws_cloudwatch_metric_alarm.telemetry)) : alarm.alarm_name]
}

output "event_log_group_name" {
  description = "Name of the log group of what Batch says."
  value       = one(aws_cloudwatch_log_group.events[*].name)
}

output "collector_endpoint" {
  description = "Where jobs send telemetry, for OTEL_EXPORTER_OTLP_ENDPOINT in the connection's environment; null without a collector."
  value       = length(local.collector) > 0 ? "http://collector.${local.domain}:4318" : null
}
