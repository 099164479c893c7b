# Each alarm says what to do first.

locals {
  alarms = merge(
    { for key, watched in local.watched : key => {
      description = watched.description
      namespace   = local.namespace
      metric      = key
      dimensions  = {}
      period      = watched.threshold > 1 ? 3600 : 300
      threshold   = watched.threshold
    } },
    { for key, bucket in var.create ? var.copies : {} : "copy-of-${key}-failed" => {
      description = "Objects were not copied to the other region. `aws s3api head-object` of one says FAILED in ReplicationStatus; look at the role and at both keys, then copy again by S3 Batch Replication."
      namespace   = "AWS/S3"
      metric      = "OperationsFailedReplication"
      dimensions  = { SourceBucket = bucket.from, DestinationBucket = bucket.to, RuleId = "copy" }
      period      = 3600
      threshold   = 1
    } },
    local.backs_up ? { backup-failed = {
      description = "A backup failed. `aws backup list-backup-jobs --by-state FAILED` gives the reason."
      namespace   = "AWS/Backup"
      metric      = "NumberOfBackupJobsFailed"
      dimensions  = { BackupVaultName = var.name }
      period      = 86400
      threshold   = 1
    } } : {},
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = "Sum"
  period              = each.value.period
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alert_topic_arn]
  tags                = var.tags

  depends_on = [aws_cloudwatch_log_metric_filter.this]
}
