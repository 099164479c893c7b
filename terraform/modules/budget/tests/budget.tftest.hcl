# Plans only, without an account: what AWS would be asked is answered here.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_resource {
  target          = aws_sns_topic.limit
  override_during = plan
  values          = { arn = "arn:aws:sns:eu-west-1:123456789012:limit" }
}

override_resource {
  target          = aws_sqs_queue.limit
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-west-1:123456789012:limit" }
}

override_resource {
  target          = aws_sfn_state_machine.this
  override_during = plan
  values          = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:queues" }
}

run "warnings_then_the_limit" {
  command = plan

  assert {
    condition = toset([
      for notification in aws_budgets_budget.this[0].notification : "${notification.notification_type} ${notification.threshold}"
    ]) == toset(["ACTUAL 50", "ACTUAL 80", "FORECASTED 100", "ACTUAL 100"])
    error_message = "a warning is missing"
  }

  assert {
    condition = alltrue([
      for notification in aws_budgets_budget.this[0].notification :
      (notification.notification_type == "ACTUAL" && notification.threshold == 100) == contains(notification.subscriber_sns_topic_arns, aws_sns_topic.limit[0].arn)
    ])
    error_message = "only the limit itself closes the queues"
  }

  # The chain has no gap: topic, queue, pipe, machine.
  assert {
    condition = (
      aws_sns_topic_subscription.limit[0].topic_arn == aws_sns_topic.limit[0].arn
      && aws_sns_topic_subscription.limit[0].endpoint == aws_sqs_queue.limit[0].arn
      && aws_pipes_pipe.limit[0].source == aws_sqs_queue.limit[0].arn
      && aws_pipes_pipe.limit[0].target == aws_sfn_state_machine.this[0].arn
    )
    error_message = "the limit's message does not reach the state machine"
  }
}

run "the_limit_closes_both_queues" {
  command = plan

  assert {
    condition     = toset(jsondecode(aws_sfn_state_machine.this[0].definition).States.Close.Result.queues) == toset(values(var.queue_arns))
    error_message = "a queue stays open"
  }

  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.this[0].definition).States.WhatIsAsked.Default == "Close"
      && jsondecode(aws_sfn_state_machine.this[0].definition).States.Close.Result.state == "DISABLED"
      && jsondecode(aws_sfn_state_machine.this[0].definition).States.Open.Result.state == "ENABLED"
    )
    error_message = "whatever comes in must close, unless it says otherwise"
  }

  assert {
    condition = (
      jsondecode(aws_sfn_state_machine.this[0].definition).States.SetQueues.ItemProcessor.States.SetQueue.Resource == "arn:aws:states:::aws-sdk:batch:updateJobQueue"
      && jsondecode(aws_sfn_state_machine.this[0].definition).States.SetEnvironments.ItemProcessor.States.SetEnvironment.Resource == "arn:aws:states:::aws-sdk:batch:updateComputeEnvironment"
    )
    error_message = "queues or compute environments are left as they are"
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.this["machine"].policy).Statement : statement.Resource if contains(flatten([statement.Action]), "batch:UpdateJobQueue")
    ])) == toset(values(var.queue_arns))
    error_message = "the machine may set other queues, or not all of ours"
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(aws_iam_role_policy.this) : [
        for statement in jsondecode(policy.policy).Statement : flatten([statement.Action]) == ["batch:DescribeJobQueues"] if contains(flatten([statement.Resource]), "*")
      ]
    ]))
    error_message = "a role may write on resource *"
  }

  assert {
    condition     = strcontains(output.open_command, "{\"state\": \"ENABLED\"}")
    error_message = "nobody is told how to open the queues"
  }
}

# Before anything is closed, so that nothing is made open meanwhile.
run "what_was_asked_is_remembered_first" {
  command = plan

  assert {
    condition = alltrue([
      for state in ["Open", "Close"] : jsondecode(aws_sfn_state_machine.this[0].definition).States[state].Next == "Remember"
    ])
    error_message = "the next apply would not know that the queues are closed"
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this[0].definition).States.Remember.Parameters == { Name = "/platerunner-t/queue-state", "Value.$" = "$.state", Overwrite = true }
    error_message = "another parameter is written"
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.this["machine"].policy).Statement : statement.Resource if contains(flatten([statement.Action]), "ssm:PutParameter")
    ]) == ["arn:aws:ssm:eu-west-1:123456789012:parameter/platerunner-t/queue-state"]
    error_message = "the machine may write other parameters, or not this one"
  }
}

run "a_parameter_without_a_name" {
  command = plan

  variables {
    state_parameter = "queue-state"
  }

  expect_failures = [var.state_parameter]
}

run "costs_of_one_tag" {
  command = plan

  variables {
    cost_tag = { key = "Project", value = "platerunner" }
  }

  assert {
    condition     = one(aws_budgets_budget.this[0].cost_filter).values == tolist(["user:Project$platerunner"])
    error_message = "the tag's filter is not written as Budgets wants it"
  }
}

run "disabled_makes_nothing" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition = length(concat(
      aws_budgets_budget.this[*], aws_sns_topic.limit[*], aws_sqs_queue.limit[*], aws_pipes_pipe.limit[*], aws_sfn_state_machine.this[*],
      values(aws_iam_role.this), aws_cloudwatch_metric_alarm.failed[*],
    )) == 0
    error_message = "a disabled module makes something"
  }
}

run "a_warning_after_the_end" {
  command = plan

  variables {
    warn_percent = [100]
  }

  expect_failures = [var.warn_percent]
}

run "no_money" {
  command = plan

  variables {
    limit_usd = 0
  }

  expect_failures = [var.limit_usd]
}

run "nothing_to_close" {
  command = plan

  variables {
    queue_arns = {}
  }

  expect_failures = [var.queue_arns]
}
