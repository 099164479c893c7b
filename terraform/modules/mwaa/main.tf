# The environment: Airflow, run by AWS, in our private subnets.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region

  options = merge({
    # Five seconds, Airflow's default, would go by before a step hears that a person answered its gate.
    "workers.min_heartbeat_interval" = "1"
    "secrets.backend"                = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
    # Connections alone: each look at a variable or an option would be a call that costs time and money.
    "secrets.backend_kwargs" = jsonencode({
      connections_prefix = local.connections_prefix
      variables_prefix   = null
      config_prefix      = null
    })
  }, var.airflow_options)
}

resource "aws_mwaa_environment" "this" {
  count = var.create ? 1 : 0

  name                            = var.name
  airflow_version                 = var.airflow_version
  environment_class               = var.environment_class
  min_workers                     = var.workers.min
  max_workers                     = var.workers.max
  schedulers                      = var.schedulers
  min_webservers                  = var.webservers.min
  max_webservers                  = var.webservers.max
  webserver_access_mode           = var.web_access
  weekly_maintenance_window_start = var.maintenance_window
  worker_replacement_strategy     = "GRACEFUL" # an update waits for what workers do, for up to twelve hours
  execution_role_arn              = aws_iam_role.this[0].arn
  kms_key                         = var.kms_key_arn
  airflow_configuration_options   = local.options

  source_bucket_arn                = var.bucket.arn
  dag_s3_path                      = "dags/"
  requirements_s3_path             = local.files.requirements.key
  requirements_s3_object_version   = local.files.requirements.version
  plugins_s3_path                  = local.files.plugins.key
  plugins_s3_object_version        = local.files.plugins.version
  startup_script_s3_path           = local.files.startup.key
  startup_script_s3_object_version = local.files.startup.version

  network_configuration {
    security_group_ids = [aws_security_group.this[0].id]
    subnet_ids         = var.subnet_ids
  }

  logging_configuration {
    task_logs {
      enabled   = true
      log_level = var.log_levels.task
    }

    dag_processing_logs {
      enabled   = true
      log_level = var.log_levels.dag_processing
    }

    scheduler_logs {
      enabled   = true
      log_level = var.log_levels.scheduler
    }

    webserver_logs {
      enabled   = true
      log_level = var.log_levels.webserver
    }

    worker_logs {
      enabled   = true
      log_level = var.log_levels.worker
    }
  }

  tags = var.tags

  timeouts {
    create = "120m"
    update = "180m"
  }

  # MWAA makes log groups that are kept forever unless ours are there; it tries the role while it starts, and its parts
  # have to reach each other, or it fails after an hour.
  depends_on = [
    aws_cloudwatch_log_group.this, aws_iam_role_policy.this, aws_secretsmanager_secret_version.connection, aws_s3_object.dag,
    aws_vpc_security_group_ingress_rule.itself, aws_vpc_security_group_ingress_rule.web,
    aws_vpc_security_group_egress_rule.itself, aws_vpc_security_group_egress_rule.https, aws_vpc_security_group_egress_rule.smtp,
  ]
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:Units' logs are in the workspace for good; a year of Airflow's in CloudWatch costs more than it helps.
  for_each = var.create ? toset(["Task", "DAGProcessing", "Scheduler", "WebServer", "Worker"]) : []

  name              = "airflow-${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}
