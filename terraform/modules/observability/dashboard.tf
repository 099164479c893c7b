# One page: what fails, what waits, how Airflow is. What happens is summed; what is (percentages, lengths of queues) is not.

locals {
  graphs = concat(
    [
      { title = "Failed and blocked jobs", stat = "Sum", metrics = [[local.namespace, "FailedJobs"], [local.namespace, "BlockedJobs"]] },
      { title = "Job log volume", stat = "Sum", metrics = [["AWS/Logs", "IncomingBytes", "LogGroupName", var.jobs_log_group_name]] },
    ],
    var.mwaa_name == null ? [] : [
      { title = "Scheduler", stat = "Sum", metrics = [["AmazonMWAA", "SchedulerHeartbeat", "Function", "Scheduler", "Environment", var.mwaa_name]] },
      { title = "Tasks", stat = "Maximum", metrics = [for metric in ["RunningTasks", "QueuedTasks"] : ["AmazonMWAA", metric, "Function", "Executor", "Environment", var.mwaa_name]] },
      { title = "Processors", stat = "Average", metrics = [for cluster in ["Scheduler", "BaseWorker", "WebServer"] : ["AWS/MWAA", "CPUUtilization", "Cluster", cluster, "Environment", var.mwaa_name]] },
      { title = "Memory", stat = "Average", metrics = [for cluster in ["Scheduler", "BaseWorker", "WebServer"] : ["AWS/MWAA", "MemoryUtilization", "Cluster", cluster, "Environment", var.mwaa_name]] },
    ],
    var.dead_letter_queue_name == null ? [] : [
      { title = "Arrivals that could not be taken", stat = "Maximum", metrics = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.dead_letter_queue_name]] },
    ],
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.create ? 1 : 0

  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for i, graph in local.graphs : {
      type       = "metric"
      x          = (i % 2) * 12
      y          = floor(i / 2) * 6
      width      = 12
      height     = 6
      properties = merge(graph, { region = local.region, period = 300, view = "timeSeries" })
    }]
  })
}
