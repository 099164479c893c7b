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
  target          = aws_sqs_queue.this
  override_during = plan
  values          = { arn = "arn:aws:sqs:eu-west-1:123456789012:queue" }
}

run "arrivals_wait_in_a_queue" {
  command = plan

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this[0].event_pattern).detail == { bucket = { name = ["lab-data"] } }
    error_message = "arrivals of another bucket, or not all of this one"
  }

  assert {
    condition     = alltrue([for queue in values(aws_sqs_queue.this) : queue.sqs_managed_sse_enabled])
    error_message = "messages are not encrypted"
  }

  assert {
    condition     = aws_sqs_queue.this["dead"].message_retention_seconds == 1209600 && aws_sqs_queue.this["arrivals"].message_retention_seconds == 345600
    error_message = "dead letters must outlive those that wait"
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(aws_sqs_queue_policy.this) : [
        for statement in jsondecode(policy.policy).Statement :
        statement.Condition.ArnEquals["aws:SourceArn"] == "arn:aws:events:eu-west-1:123456789012:rule/platerunner-t-arrivals" && statement.Action == "sqs:SendMessage"
        if statement.Effect == "Allow"
      ]
    ]))
    error_message = "somebody else than our rule may send"
  }
}

run "one_message_for_a_plate" {
  command = plan

  variables {
    prefix   = "plates/"
    suffixes = ["Index.idx.xml", ".done"]
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this[0].event_pattern).detail.object.key == [{ wildcard = "plates/*Index.idx.xml" }, { wildcard = "plates/*.done" }]
    error_message = "prefix and suffix must both hold"
  }
}

run "a_prefix_alone" {
  command = plan

  variables {
    prefix = "plates/"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this[0].event_pattern).detail.object.key == [{ prefix = "plates/" }]
    error_message = "the prefix must hold"
  }
}

run "a_failing_message_is_tried_again" {
  command = plan

  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_policy.this[0].redrive_policy).maxReceiveCount == 100
    error_message = "messages that fail must end in the dead letter queue"
  }

  assert {
    condition     = length(aws_cloudwatch_event_target.this[0].dead_letter_config) == 1
    error_message = "what EventBridge cannot deliver is lost"
  }
}

run "disabled_makes_nothing" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition     = length(concat(aws_cloudwatch_event_rule.this[*], values(aws_sqs_queue.this), values(aws_sqs_queue_policy.this), aws_cloudwatch_event_target.this[*])) == 0
    error_message = "a disabled module makes something"
  }
}

run "no_second_try" {
  command = plan

  variables {
    max_receives = 1
  }

  expect_failures = [var.max_receives]
}

run "kept_for_a_month" {
  command = plan

  variables {
    retention_days = 30
  }

  expect_failures = [var.retention_days]
}
