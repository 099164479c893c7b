# What somebody has to look at. Each alarm says what to do first.

locals {
  batch_alarms = {
    failed-jobs = {
      description = "Many Batch jobs failed. The run's page in Airflow says which units, why, and who acts."
      namespace   = local.namespace
      metric      = "FailedJobs"
      dimensions  = {}
      statistic   = "Sum"
      period      = 3600
      periods     = 1
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = var.failed_jobs_per_hour
      missing     = "notBreaching"
    }
    blocked-queue = {
      description = "A job waits that no host can take. Batch's job page gives the reason; the step may ask for more than its queue has."
      namespace   = local.namespace
      metric      = "BlockedJobs"
      dimensions  = {}
      statistic   = "Sum"
      period      = 300
      periods     = 1
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = 1
      missing     = "notBreaching"
    }
  }

  scan_alarms = {
    holes-in-images = {
      description = "ECR found a critical or a high hole in an image of ours, when it was pushed or in the weekly scan. `aws ecr describe-image-scan-findings` names it; build the image anew with what fixes it."
      namespace   = local.namespace
      metric      = "ImageHoles"
      dimensions  = {}
      statistic   = "Sum"
      period      = 300
      periods     = 1
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = 1
      missing     = "notBreaching"
    }
  }

  mwaa_alarms = var.mwaa_name == null ? {} : {
    scheduler-silent = {
      description = "Airflow's scheduler gives no sign of life. Look at the environment's status and the scheduler's log."
      namespace   = "AmazonMWAA"
      metric      = "SchedulerHeartbeat"
      dimensions  = { Environment = var.mwaa_name, Function = "Scheduler" }
      statistic   = "Sum"
      period      = 300
      periods     = 3
      comparison  = "LessThanThreshold"
      threshold   = 1
      missing     = "breaching"
    }
    broken-dags = {
      description = "A pipeline's spec does not load. Airflow's pages show the import error with file and line."
      namespace   = "AmazonMWAA"
      metric      = "ImportErrors"
      dimensions  = { Environment = var.mwaa_name, Function = "DAG Processing" }
      statistic   = "Maximum"
      period      = 300
      periods     = 3
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = 1
      missing     = "notBreaching"
    }
  }

  event_alarms = var.dead_letter_queue_name == null ? {} : {
    dead-arrivals = {
      description = "An arrival could not be taken. Look at the messages of the dead letter queue, fix the cause, and send them back."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = var.dead_letter_queue_name }
      statistic   = "Maximum"
      period      = 300
      periods     = 1
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = 1
      missing     = "notBreaching"
    }
  }

  alarms = var.create ? merge(local.batch_alarms, local.scan_alarms, local.mwaa_alarms, local.event_alarms) : {}
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic.this[0].arn]
  ok_actions          = [aws_sns_topic.this[0].arn]
  tags                = var.tags

  depends_on = [aws_sns_topic_policy.this]
}
