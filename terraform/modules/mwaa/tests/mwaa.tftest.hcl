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

run "an_environment_that_is_private" {
  command = plan

  assert {
    condition     = aws_mwaa_environment.this[0].webserver_access_mode == "PRIVATE_ONLY" && aws_mwaa_environment.this[0].kms_key == var.kms_key_arn
    error_message = "pages are private, and everything is encrypted with our key"
  }

  assert {
    condition     = aws_mwaa_environment.this[0].airflow_version == "3.3.1" && aws_mwaa_environment.this[0].worker_replacement_strategy == "GRACEFUL"
    error_message = "the version or the way of updates is wrong"
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.web) == 0 && aws_vpc_security_group_ingress_rule.itself[0].cidr_ipv4 == null
    error_message = "somebody else than MWAA comes in"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.https[0].from_port == 443 && aws_vpc_security_group_egress_rule.https[0].to_port == 443
    error_message = "only HTTPS goes out"
  }

  assert {
    condition     = length(aws_cloudwatch_log_group.this) == 5 && alltrue([for group in values(aws_cloudwatch_log_group.this) : group.retention_in_days == 90 && group.kms_key_id == var.kms_key_arn])
    error_message = "logs are kept forever, or in the clear"
  }
}

run "options_and_connection" {
  command = plan

  assert {
    condition     = nonsensitive(aws_mwaa_environment.this[0].airflow_configuration_options)["workers.min_heartbeat_interval"] == "1"
    error_message = "tasks must hear of answers within a second"
  }

  assert {
    condition     = jsondecode(nonsensitive(aws_mwaa_environment.this[0].airflow_configuration_options)["secrets.backend_kwargs"]) == { connections_prefix = "platerunner-t/connections", variables_prefix = null, config_prefix = null }
    error_message = "Airflow looks for the connection elsewhere"
  }

  assert {
    condition     = aws_secretsmanager_secret.connection[0].name == "platerunner-t/connections/platerunner" && aws_secretsmanager_secret.connection[0].kms_key_id == var.kms_key_arn
    error_message = "the connection is not where Airflow looks, or not encrypted with our key"
  }

  assert {
    condition = (
      jsondecode(output.connection).extra.data_root == "s3://lab-data/plates"
      && jsondecode(output.connection).extra.workspace_root == "s3://lab-results/workspaces"
      && jsondecode(output.connection).extra.region == "eu-west-1"
      && jsondecode(output.connection).extra.tags == { CostCentre = "imaging", "platerunner:environment" = "platerunner-t" }
    )
    error_message = "the connection says something else than it should"
  }
}

run "the_role_is_limited_to_its_own" {
  command = plan

  variables {
    arrival_queue_arn = "arn:aws:sqs:eu-west-1:123456789012:platerunner-t-arrivals"
  }

  # Resource *: reads without resource-level permission, and metrics limited by their namespace.
  assert {
    condition = alltrue(flatten([
      for policy in values(aws_iam_role_policy.this) : [
        for statement in jsondecode(policy.policy).Statement : alltrue([
          for action in flatten([statement.Action]) : can(regex("^[a-z0-9]+:(Describe|List|Get)[A-Za-z]+$", action))
        ]) || try(statement.Condition.StringEquals["cloudwatch:namespace"] == ["AmazonMWAA", "AWS/MWAA"] || toset(statement.Condition.StringEquals["cloudwatch:namespace"]) == toset(["AmazonMWAA", "AWS/MWAA"]), false)
        if contains(flatten([statement.Resource]), "*")
      ]
    ]))
    error_message = "the role may write on resource *"
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(aws_iam_role_policy.this) : [
        for statement in jsondecode(policy.policy).Statement : [for action in flatten([statement.Action]) : !strcontains(action, "*")]
      ]
    ]))
    error_message = "an action has a wildcard"
  }

  # Whatever changes definitions or jobs is bound to the environment's tag, or to our queues.
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.this["batch"].policy).Statement : (
        try(statement.Condition.StringEquals["aws:RequestTag/platerunner:environment"] == "platerunner-t", false)
        || try(statement.Condition.StringEquals["aws:ResourceTag/platerunner:environment"] == "platerunner-t", false)
        || toset(flatten([statement.Resource])) == toset(values(var.connection.queue_arns))
      )
      if anytrue([for action in flatten([statement.Action]) : can(regex("^batch:(Register|Deregister|Submit|Terminate|Cancel|Tag)", action))])
    ])
    error_message = "the role changes what is not its own"
  }

  assert {
    condition = alltrue(flatten([
      for policy in values(aws_iam_role_policy.this) : [
        for statement in jsondecode(policy.policy).Statement : [
          for action in flatten([statement.Action]) : !contains(["batch:CreateJobQueue", "batch:UpdateJobQueue", "batch:UpdateComputeEnvironment", "iam:CreateRole", "s3:DeleteObjectVersion", "s3:PutBucketPolicy"], action)
        ]
      ]
    ]))
    error_message = "the role may change infrastructure"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.this["batch"].policy).Statement : (
        toset(flatten([statement.Resource])) == toset([var.connection.job_role, var.connection.execution_role])
        && toset(statement.Condition.StringEquals["iam:PassedToService"]) == toset(["batch.amazonaws.com", "ecs-tasks.amazonaws.com"])
      ) if contains(flatten([statement.Action]), "iam:PassRole")
    ])
    error_message = "the role hands out other roles"
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.this["data"].policy).Statement : statement.Resource if contains(flatten([statement.Action]), "s3:PutObject")
    ]) == ["arn:aws:s3:::lab-results/workspaces/*"]
    error_message = "the role writes elsewhere than to the workspace"
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.this["data"].policy).Statement : statement.Resource if contains(flatten([statement.Action]), "sqs:ReceiveMessage")
    ]) == ["arn:aws:sqs:eu-west-1:123456789012:platerunner-t-arrivals"]
    error_message = "the role hears of arrivals from another queue"
  }

  assert {
    condition     = jsondecode(aws_iam_role.this[0].assume_role_policy).Statement[0].Condition.ArnLike["aws:SourceArn"] == "arn:aws:airflow:eu-west-1:123456789012:environment/platerunner-t"
    error_message = "another environment could take the role"
  }
}

# What `platerunner doctor` and the provider call, and nothing else of these services.
run "the_role_may_do_what_platerunner_does" {
  command = plan

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.this["batch"].policy).Statement : statement.Action])) == toset([
      "batch:DescribeComputeEnvironments", "batch:DescribeJobDefinitions", "batch:DescribeJobQueues", "batch:DescribeJobs", "batch:ListJobs",
      "batch:CreateConsumableResource", "batch:ListConsumableResources",
      "batch:RegisterJobDefinition", "batch:DeregisterJobDefinition", "batch:SubmitJob", "batch:TagResource", "batch:TerminateJob",
      "iam:GetRole", "iam:PassRole", "logs:GetLogEvents", "ecr:DescribeImages", "ecr:DescribeRepositories",
      "ecs:DescribeContainerInstances", "ec2:DescribeSpotPriceHistory", "pricing:GetProducts",
    ])
    error_message = "the role may do more or less than Platerunner does"
  }
}

run "pages_for_the_lab" {
  command = plan

  variables {
    web_cidr_blocks = ["10.9.0.0/16"]
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.web["10.9.0.0/16"].from_port == 443
    error_message = "the lab's browsers cannot come in"
  }
}

run "the_smallest" {
  command = plan

  variables {
    environment_class = "mw1.micro"
    workers           = { min = 1, max = 1 }
    schedulers        = 1
    webservers        = { min = 1, max = 1 }
    airflow_version   = "3.2.1"
  }

  assert {
    condition     = aws_mwaa_environment.this[0].max_workers == 1 && aws_mwaa_environment.this[0].airflow_version == "3.2.1"
    error_message = "mw1.micro has one of each"
  }
}

run "a_bundle_is_uploaded" {
  command = plan

  variables {
    bundle_dir = "tests/bundle"
  }

  assert {
    condition     = toset([for file in aws_s3_object.file : file.key]) == toset(["requirements.txt", "startup.sh"]) && toset([for file in aws_s3_object.dag : file.key]) == toset(["dags/one.py"])
    error_message = "a file of the bundle is left out"
  }

  assert {
    condition = (
      aws_mwaa_environment.this[0].requirements_s3_path == "requirements.txt"
      && aws_mwaa_environment.this[0].startup_script_s3_path == "startup.sh"
      && aws_mwaa_environment.this[0].plugins_s3_path == null
    )
    error_message = "the environment is told of other files than were uploaded"
  }
}

run "what_somebody_else_uploaded" {
  command = plan

  variables {
    uploaded = { plugins = "plugins.zip", plugins_version = "v1" }
  }

  assert {
    condition     = aws_mwaa_environment.this[0].plugins_s3_path == "plugins.zip" && aws_mwaa_environment.this[0].plugins_s3_object_version == "v1"
    error_message = "the environment must take what was uploaded"
  }
}

run "disabled_makes_nothing" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition = length(concat(
      aws_mwaa_environment.this[*], aws_iam_role.this[*], values(aws_iam_role_policy.this), aws_security_group.this[*],
      aws_secretsmanager_secret.connection[*], values(aws_cloudwatch_log_group.this), values(aws_s3_object.file), values(aws_s3_object.dag),
    )) == 0
    error_message = "a disabled module makes something"
  }
}

run "an_airflow_that_we_do_not_test" {
  command = plan

  variables {
    airflow_version = "2.10.3"
  }

  expect_failures = [var.airflow_version]
}

run "a_large_micro" {
  command = plan

  variables {
    environment_class = "mw1.micro"
    schedulers        = 1
    webservers        = { min = 1, max = 1 }
  }

  expect_failures = [var.workers]
}

run "pages_for_the_internet" {
  command = plan

  variables {
    web_cidr_blocks = ["0.0.0.0/0"]
  }

  expect_failures = [var.web_cidr_blocks]
}

run "a_secret_in_the_connection" {
  command = plan

  variables {
    connection = {
      queues         = { spot = "s" }
      queue_arns     = { spot = "arn:aws:batch:eu-west-1:123456789012:job-queue/s" }
      registry       = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/platerunner-t"
      log_group      = "/aws/batch/platerunner-t"
      job_role       = "arn:aws:iam::123456789012:role/j"
      execution_role = "arn:aws:iam::123456789012:role/e"
      secrets        = { LICENCE = "s3cret" }
    }
  }

  expect_failures = [var.connection]
}

run "another_secrets_backend" {
  command = plan

  variables {
    airflow_options = { "secrets.backend" = "mine" }
  }

  expect_failures = [var.airflow_options]
}

run "any_image" {
  command = plan

  variables {
    image_patterns = ["*"]
  }

  expect_failures = [var.image_patterns]
}

run "three_subnets" {
  command = plan

  variables {
    subnet_ids = ["subnet-00000000000000001", "subnet-00000000000000002", "subnet-00000000000000003"]
  }

  expect_failures = [var.subnet_ids]
}

run "a_workspace_of_the_whole_bucket" {
  command = plan

  variables {
    workspace = { bucket = "lab-results", prefix = "" }
  }

  expect_failures = [var.workspace]
}

run "no_bundle_in_the_folder" {
  command = plan

  variables {
    bundle_dir = "tests"
  }

  expect_failures = [var.bundle_dir]
}

run "notifications_get_out" {
  command = plan

  variables {
    notify_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:runs"]
    smtp_port         = 587
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.this["data"].policy).Statement : statement.Resource if contains(flatten([statement.Action]), "sns:Publish")
    ]) == ["arn:aws:sns:eu-west-1:123456789012:runs"]
    error_message = "Airflow may publish to other topics, or not to the lab's"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.smtp[0].from_port == 587 && aws_vpc_security_group_egress_rule.smtp[0].to_port == 587
    error_message = "mail does not get out, or more does"
  }
}

run "nothing_but_https_gets_out" {
  command = plan

  assert {
    condition     = length(aws_vpc_security_group_egress_rule.smtp) == 0 && !strcontains(aws_iam_role_policy.this["data"].policy, "sns:Publish")
    error_message = "something gets out that nobody asked for"
  }
}

run "every_topic" {
  command = plan

  variables {
    notify_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:*"]
    smtp_port         = 25
  }

  expect_failures = [var.notify_topic_arns, var.smtp_port]
}

run "without_a_way_out_a_bundle_that_asks_pypi_is_refused" {
  command = plan

  variables {
    bundle_dir = "tests/asks-pypi"
    web_access = "PUBLIC_ONLY"
    way_out    = false
  }

  expect_failures = [aws_s3_object.file]
}

run "for_a_private_web_server_too" {
  command = plan

  variables {
    bundle_dir = "tests/asks-pypi"
  }

  expect_failures = [aws_s3_object.file]
}

run "a_public_one_with_a_way_out_may_ask_pypi" {
  command = plan

  variables {
    bundle_dir = "tests/asks-pypi"
    web_access = "PUBLIC_ONLY"
  }

  assert {
    condition     = contains(keys(aws_s3_object.file), "requirements")
    error_message = "the bundle is taken"
  }
}
