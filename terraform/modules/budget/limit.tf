# The limit's message: topic -> queue -> pipe -> state machine. The queue keeps it if the machine cannot be started.

resource "aws_sns_topic" "limit" {
  count = var.create ? 1 : 0

  name              = local.limit_name
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

data "aws_iam_policy_document" "limit_topic" {
  statement {
    sid       = "OurBudgetsPublish"
    actions   = ["sns:Publish"]
    resources = [local.limit_arn]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "limit" {
  count = var.create ? 1 : 0

  arn    = aws_sns_topic.limit[0].arn
  policy = data.aws_iam_policy_document.limit_topic.json
}

resource "aws_sqs_queue" "limit" {
  count = var.create ? 1 : 0

  name                       = local.limit_name
  sqs_managed_sse_enabled    = true
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 60
  tags                       = var.tags
}

data "aws_iam_policy_document" "limit_queue" {
  statement {
    sid       = "OurTopicSends"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arn]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.limit_arn]
    }
  }
}

resource "aws_sqs_queue_policy" "limit" {
  count = var.create ? 1 : 0

  queue_url = aws_sqs_queue.limit[0].id
  policy    = data.aws_iam_policy_document.limit_queue.json
}

resource "aws_sns_topic_subscription" "limit" {
  count = var.create ? 1 : 0

  topic_arn            = aws_sns_topic.limit[0].arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.limit[0].arn
  raw_message_delivery = true

  depends_on = [aws_sqs_queue_policy.limit]
}

resource "aws_pipes_pipe" "limit" {
  count = var.create ? 1 : 0

  name        = local.limit_name
  description = "Starts the closing of ${var.name}'s queues"
  role_arn    = aws_iam_role.this["pipe"].arn
  source      = aws_sqs_queue.limit[0].arn
  target      = aws_sfn_state_machine.this[0].arn
  tags        = var.tags

  source_parameters {
    sqs_queue_parameters {
      batch_size = 1
    }
  }

  target_parameters {
    step_function_state_machine_parameters {
      invocation_type = "FIRE_AND_FORGET"
    }
  }

  depends_on = [aws_iam_role_policy.this, aws_sqs_queue_policy.limit]
}
