# The state machine: closes queues and the compute environments behind them, or opens them when a person says so.
# A closed queue takes no new jobs but would go on starting those that it has; a closed environment starts none.

locals {
  patience = [{ ErrorEquals = ["States.ALL"], IntervalSeconds = 10, BackoffRate = 2, MaxAttempts = 8, MaxDelaySeconds = 300 }]

  # Whatever comes in closes, except {"state": "ENABLED"}.
  definition = {
    Comment = "Closes Batch queues at the budget's limit; opens them with the input {\"state\": \"ENABLED\"}"
    StartAt = "WhatIsAsked"
    States = {
      WhatIsAsked = {
        Type    = "Choice"
        Choices = [{ And = [{ Variable = "$.state", IsPresent = true }, { Variable = "$.state", StringEquals = "ENABLED" }], Next = "Open" }]
        Default = "Close"
      }
      Open = {
        Type = "Pass"
        Result = {
          state   = "ENABLED"
          queues  = values(var.queue_arns)
          subject = "Platerunner: queues are open"
          message = "The Batch queues of ${var.name} take jobs again. The budget closes them no more before next month: mind the costs."
        }
        Next = "Remember"
      }
      Close = {
        Type = "Pass"
        Result = {
          state   = "DISABLED"
          queues  = values(var.queue_arns)
          subject = "Platerunner: queues are closed"
          message = "The Batch queues of ${var.name} are closed, since the budget of ${var.limit_usd} USD is used up or somebody closed them. Running jobs go on, waiting ones stay. To open them: ${local.open_command}"
        }
        Next = "Remember"
      }
      # First, so that an apply that is going on makes nothing open.
      Remember = {
        Type       = "Task"
        Resource   = "arn:${local.partition}:states:::aws-sdk:ssm:putParameter"
        Parameters = { Name = var.state_parameter, "Value.$" = "$.state", Overwrite = true }
        ResultPath = null
        Retry      = local.patience
        Next       = "FindEnvironments"
      }
      # Asked again each time, since environments are replaced.
      FindEnvironments = {
        Type           = "Task"
        Resource       = "arn:${local.partition}:states:::aws-sdk:batch:describeJobQueues"
        Parameters     = { "JobQueues.$" = "$.queues" }
        ResultSelector = { "arns.$" = "States.ArrayUnique($.JobQueues[*].ComputeEnvironmentOrder[*].ComputeEnvironment)" }
        ResultPath     = "$.environments"
        Retry          = local.patience
        Next           = "SetQueues"
      }
      SetQueues = {
        Type           = "Map"
        ItemsPath      = "$.queues"
        ItemSelector   = { "queue.$" = "$$.Map.Item.Value", "state.$" = "$.state" }
        MaxConcurrency = 1
        ResultPath     = null
        Next           = "SetEnvironments"
        ItemProcessor = {
          ProcessorConfig = { Mode = "INLINE" }
          StartAt         = "SetQueue"
          States = {
            SetQueue = {
              Type       = "Task"
              Resource   = "arn:${local.partition}:states:::aws-sdk:batch:updateJobQueue"
              Parameters = { "JobQueue.$" = "$.queue", "State.$" = "$.state" }
              Retry      = local.patience
              End        = true
            }
          }
        }
      }
      SetEnvironments = {
        Type           = "Map"
        ItemsPath      = "$.environments.arns"
        ItemSelector   = { "environment.$" = "$$.Map.Item.Value", "state.$" = "$.state" }
        MaxConcurrency = 1
        ResultPath     = null
        Next           = "Tell"
        ItemProcessor = {
          ProcessorConfig = { Mode = "INLINE" }
          StartAt         = "SetEnvironment"
          States = {
            SetEnvironment = {
              Type       = "Task"
              Resource   = "arn:${local.partition}:states:::aws-sdk:batch:updateComputeEnvironment"
              Parameters = { "ComputeEnvironment.$" = "$.environment", "State.$" = "$.state" }
              Retry      = local.patience
              End        = true
            }
          }
        }
      }
      Tell = {
        Type     = "Task"
        Resource = "arn:${local.partition}:states:::sns:publish"
        Parameters = {
          TopicArn    = var.alert_topic_arn
          "Subject.$" = "$.subject"
          "Message.$" = "$.message"
        }
        Retry = local.patience
        End   = true
      }
    }
  }
}

resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_284:It runs a few times a year; its history, kept for 90 days, shows each step.
  #checkov:skip=CKV_AWS_285:As above. Delivering logs would take rights on all log deliveries of the account.
  count = var.create ? 1 : 0

  name       = local.machine
  role_arn   = aws_iam_role.this["machine"].arn
  definition = jsonencode(local.definition)
  tags       = var.tags

  depends_on = [aws_iam_role_policy.this]
}

# A closing that failed is the one thing that must not go unnoticed.
resource "aws_cloudwatch_metric_alarm" "failed" {
  count = var.create ? 1 : 0

  alarm_name          = "${var.name}-budget-did-not-close"
  alarm_description   = "The budget's limit was reached, but closing the queues failed. Disable the queues and compute environments by hand."
  namespace           = "AWS/States"
  metric_name         = "ExecutionsFailed"
  dimensions          = { StateMachineArn = aws_sfn_state_machine.this[0].arn }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alert_topic_arn]
  tags                = var.tags
}
