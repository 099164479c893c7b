# A host that AWS lost starts again elsewhere, one that hangs starts again; each alarm says what else to do.

locals {
  # The ARNs of what EC2 does at an alarm.
  automate = "${local.arn}:automate:${local.region}:ec2"

  alarms = !var.create ? {} : {
    coordinator-lost = {
      description = "AWS lost the machine under the host of Airflow, and starts the host elsewhere. If this lasts, apply with a new `release`."
      namespace   = "AWS/EC2", metric = "StatusCheckFailed_System", instance = true, statistic = "Maximum"
      period      = 60, periods = 2, comparison = "GreaterThanThreshold", threshold = 0, missing = "missing", act = ["${local.automate}:recover"]
    }
    coordinator-hangs = {
      description = "The host of Airflow does not answer, and is started again. If this lasts, apply with a new `release`."
      namespace   = "AWS/EC2", metric = "StatusCheckFailed_Instance", instance = true, statistic = "Maximum"
      period      = 60, periods = 3, comparison = "GreaterThanThreshold", threshold = 0, missing = "missing", act = ["${local.automate}:reboot"]
    }
    airflow-silent = {
      description = "Airflow says that a part of it is not healthy, says nothing, or could not install its bundle. In a session: `systemctl status 'airflow@*' platerunner-bundle`, `journalctl -u platerunner-bundle`."
      namespace   = local.namespace, metric = "Healthy", instance = false, statistic = "Minimum"
      period      = 300, periods = 3, comparison = "LessThanThreshold", threshold = 1, missing = "breaching", act = []
    }
    coordinator-full = {
      description = "The volume of Airflow is nearly full. Raise `disk_gib`, apply, and in a session: `xfs_growfs /usr/local/airflow`."
      namespace   = local.namespace, metric = "DiskFull", instance = false, statistic = "Maximum"
      period      = 300, periods = 3, comparison = "GreaterThanThreshold", threshold = 85, missing = "notBreaching", act = []
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.instance ? { InstanceId = aws_instance.this[0].id } : {}
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = concat([var.alert_topic_arn], each.value.act)
  ok_actions          = [var.alert_topic_arn]
  tags                = var.tags
}
