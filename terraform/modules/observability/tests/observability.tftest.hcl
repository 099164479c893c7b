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
  target          = aws_sns_topic.this
  override_during = plan
  values          = { arn = "arn:aws:sns:eu-west-1:123456789012:alerts" }
}

override_resource {
  target          = aws_cloudwatch_log_group.events
  override_during = plan
  values          = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:events" }
}

run "alarms_reach_people" {
  command = plan

  assert {
    condition = alltrue([
      for widget in jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets : widget.properties.stat != "Sum"
      if anytrue([for metric in widget.properties.metrics : endswith(metric[1], "Utilization") || endswith(metric[1], "Tasks") || endswith(metric[1], "Visible")])
    ])
    error_message = "percentages and lengths of queues are summed"
  }

  assert {
    condition     = toset(output.alarm_names) == toset(["platerunner-t-failed-jobs", "platerunner-t-blocked-queue", "platerunner-t-scheduler-silent", "platerunner-t-broken-dags", "platerunner-t-dead-arrivals", "platerunner-t-holes-in-images"])
    error_message = "an alarm is missing"
  }

  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.this) : alarm.alarm_actions == toset([aws_sns_topic.this[0].arn])])
    error_message = "an alarm tells nobody"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["scheduler-silent"].treat_missing_data == "breaching"
    error_message = "a dead scheduler sends nothing, and that must raise the alarm"
  }

  assert {
    condition     = aws_sns_topic.this[0].kms_master_key_id == var.kms_key_arn && aws_sns_topic_subscription.email["lab@example.org"].topic_arn == aws_sns_topic.this[0].arn
    error_message = "the topic must be encrypted and have its subscriber"
  }

  assert {
    condition     = aws_cloudwatch_event_target.batch["jobs"].arn == aws_cloudwatch_log_group.events[0].arn
    error_message = "failures are recorded, not mailed one by one"
  }
}

run "only_our_queues" {
  command = plan

  assert {
    condition = alltrue([
      for key, rule in aws_cloudwatch_event_rule.batch : toset(jsondecode(rule.event_pattern).detail.jobQueue) == toset(values(var.queue_arns)) if key != "scans"
    ])
    error_message = "a rule hears of other queues"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.batch["scans"].event_pattern).detail == { "repository-name" = [{ prefix = "platerunner-t/" }] } && aws_cloudwatch_metric_alarm.this["holes-in-images"].metric_name == aws_cloudwatch_log_metric_filter.this["ImageHoles"].metric_transformation[0].name
    error_message = "holes in our images reach nobody, or those of others do"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.batch["jobs"].event_pattern).detail.status == ["FAILED"]
    error_message = "each start of each of 10,000 children would be recorded"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.topic.json).Statement :
      statement.Condition.StringEquals["aws:SourceAccount"] == "123456789012" if statement.Effect == "Allow"
    ])
    error_message = "another account could publish"
  }

  assert {
    condition     = startswith(aws_cloudwatch_log_group.events[0].name, "/aws/events/")
    error_message = "EventBridge writes only below /aws/events/"
  }
}

run "without_airflow" {
  command = plan

  variables {
    mwaa_name              = null
    dead_letter_queue_name = null
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 3 && length(aws_cloudwatch_metric_alarm.telemetry) == 0
    error_message = "an alarm watches what is not there"
  }
}

run "a_collector" {
  command = plan

  variables {
    collector = {
      image          = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"
      vpc_id         = "vpc-00000000000000001"
      vpc_cidr_block = "10.20.0.0/16"
      subnet_ids     = ["subnet-00000000000000001"]
    }
  }

  assert {
    condition = alltrue([
      for name, alarm in aws_cloudwatch_metric_alarm.telemetry : strcontains(alarm.alarm_description, "docs/runbook.md#${lower(name)}") &&
      one(alarm.metric_query).return_data && strcontains(one(alarm.metric_query).expression, "FROM \"Platerunner/platerunner-t\"") && alarm.alarm_actions == toset([aws_sns_topic.this[0].arn])
    ]) && length(aws_cloudwatch_metric_alarm.telemetry) == 8
    error_message = "an alarm asks elsewhere, leads nowhere, or tells nobody"
  }

  assert {
    condition     = one(aws_cloudwatch_metric_alarm.collector).dimensions.ClusterName == one(aws_ecs_cluster.collector).name && one(aws_cloudwatch_metric_alarm.collector).dimensions.ServiceName == one(aws_ecs_service.collector).name && one(aws_cloudwatch_metric_alarm.collector).treat_missing_data == "breaching"
    error_message = "a collector that is gone is not noticed"
  }

  assert {
    condition     = output.collector_endpoint == "http://collector.platerunner-t.internal:4318"
    error_message = "jobs cannot find the collector"
  }

  assert {
    condition     = !aws_ecs_service.collector[0].network_configuration[0].assign_public_ip && aws_vpc_security_group_ingress_rule.collector[0].cidr_ipv4 == "10.20.0.0/16"
    error_message = "the collector is reached from outside"
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(aws_iam_role_policy.collector) : [
        for statement in jsondecode(policy.policy).Statement : length(setsubtract(
          flatten([statement.Action]), ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "ecr:GetAuthorizationToken"]
        )) == 0 if contains(flatten([statement.Resource]), "*")
      ]
    ]))
    error_message = "a role may write on resource *"
  }
}

run "metrics_to_amazon_s_prometheus" {
  command = plan

  variables {
    collector = {
      image          = "docker.io/otel/opentelemetry-collector-contrib:0.139.0"
      vpc_id         = "vpc-00000000000000001"
      vpc_cidr_block = "10.20.0.0/16"
      subnet_ids     = ["subnet-00000000000000001"]
      target         = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-0123abcd-0000/api/v1/remote_write"
    }
  }

  assert {
    condition = yamldecode(one([
      for variable in jsondecode(aws_ecs_task_definition.collector[0].container_definitions)[0].environment : variable.value if variable.name == "AOT_CONFIG_CONTENT"
      ])).service.pipelines == {
      logs    = { receivers = ["otlp"], processors = ["memory_limiter", "batch"], exporters = ["awscloudwatchlogs"] }
      metrics = { receivers = ["otlp"], processors = ["memory_limiter", "transform", "deltatocumulative", "batch"], exporters = ["prometheusremotewrite"] }
      traces  = { receivers = ["otlp"], processors = ["memory_limiter", "batch"], exporters = ["awsxray"] }
    }
    error_message = "metrics go elsewhere, or as deltas, which Prometheus refuses"
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.collector["task"].policy, "arn:aws:aps:eu-central-1:123456789012:workspace/ws-0123abcd-0000")
    error_message = "the collector may not write to the workspace"
  }
}

run "amazon_s_prometheus_with_an_image_that_cannot" {
  command = plan

  variables {
    collector = {
      image          = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"
      vpc_id         = "vpc-00000000000000001"
      vpc_cidr_block = "10.20.0.0/16"
      subnet_ids     = ["subnet-00000000000000001"]
      target         = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-0123abcd-0000/api/v1/remote_write"
    }
  }

  expect_failures = [var.collector]
}

run "a_collector_that_sends_elsewhere" {
  command = plan

  variables {
    collector = {
      image                    = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"
      vpc_id                   = "vpc-00000000000000001"
      vpc_cidr_block           = "10.20.0.0/16"
      subnet_ids               = ["subnet-00000000000000001"]
      target                   = "https://otlp.example.org/otlp"
      authorization_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:otlp-abc123"
    }
  }

  assert {
    condition = alltrue([
      for pipeline in values(yamldecode(one([
        for variable in jsondecode(aws_ecs_task_definition.collector[0].container_definitions)[0].environment : variable.value if variable.name == "AOT_CONFIG_CONTENT"
      ])).service.pipelines) : pipeline.exporters == ["otlphttp"]
    ])
    error_message = "something goes elsewhere than was asked"
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.collector[0].container_definitions)[0].secrets == [{ name = "OTLP_AUTHORIZATION", valueFrom = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:otlp-abc123" }] && strcontains(aws_iam_role_policy.collector["start"].policy, "secretsmanager:GetSecretValue")
    error_message = "the header must come from the secret, and ECS must be able to read it"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.telemetry) == 0
    error_message = "CloudWatch has none of these metrics"
  }
}

run "a_collector_that_sends_in_the_clear" {
  command = plan

  variables {
    collector = {
      image          = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3"
      vpc_id         = "vpc-00000000000000001"
      vpc_cidr_block = "10.20.0.0/16"
      subnet_ids     = ["subnet-00000000000000001"]
      target         = "http://otlp.example.org"
    }
  }

  expect_failures = [var.collector]
}

run "a_collector_of_any_version" {
  command = plan

  variables {
    collector = {
      image          = "public.ecr.aws/aws-observability/aws-otel-collector:latest"
      vpc_id         = "vpc-00000000000000001"
      vpc_cidr_block = "10.20.0.0/16"
      subnet_ids     = ["subnet-00000000000000001"]
    }
  }

  expect_failures = [var.collector]
}

run "disabled_makes_nothing" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition = length(concat(
      aws_sns_topic.this[*], values(aws_sns_topic_subscription.email), values(aws_cloudwatch_metric_alarm.this), values(aws_cloudwatch_metric_alarm.telemetry), values(aws_cloudwatch_event_rule.batch),
      aws_cloudwatch_dashboard.this[*], aws_cloudwatch_log_group.events[*], values(aws_cloudwatch_log_metric_filter.this), aws_cloudwatch_log_resource_policy.events[*],
      aws_ecs_service.collector[*], values(aws_iam_role.collector),
    )) == 0
    error_message = "a disabled module makes something"
  }
}

run "an_address_that_is_none" {
  command = plan

  variables {
    emails = ["lab"]
  }

  expect_failures = [var.emails]
}

run "failures_unrecorded" {
  command = plan

  variables {
    recorded_statuses = ["SUCCEEDED"]
  }

  expect_failures = [var.recorded_statuses]
}
