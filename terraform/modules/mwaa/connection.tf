# The connection `platerunner`, where Airflow looks for it. It names resources and holds no secret.

locals {
  connections_prefix = "${var.name}/connections"
  # By this tag the role knows what is its own; jobs and definitions carry it.
  environment_tag = "platerunner:environment"

  roots = {
    data_root      = join("/", compact(["s3:/", var.data[0].bucket, var.data[0].prefix]))
    workspace_root = "s3://${var.workspace.bucket}/${var.workspace.prefix}"
  }

  extra = merge(local.roots, var.connection.shell ? { shell = true } : {}, {
    queues         = var.connection.queues
    registry       = var.connection.registry
    region         = local.region
    log_group      = var.connection.log_group
    job_role       = var.connection.job_role
    execution_role = var.connection.execution_role
    upload_queue   = var.connection.upload_queue
    on_clear       = var.connection.on_clear
    fair_share     = var.connection.fair_share
    host_disk      = var.connection.host_disk
    ledger         = var.connection.ledger
    storage        = var.connection.storage
    # On EC2 nothing tells a container its region, and S3's client would look for our buckets in us-east-1.
    environment = merge({ AWS_REGION = local.region, AWS_DEFAULT_REGION = local.region }, var.connection.environment)
    secrets     = var.connection.secrets
    tags        = merge(var.connection.tags, { (local.environment_tag) = var.name })
  })
}

resource "aws_secretsmanager_secret" "connection" {
  #checkov:skip=CKV2_AWS_57:It holds names of resources, and nothing that could be rotated.
  count = var.create ? 1 : 0

  name                    = "${local.connections_prefix}/platerunner"
  description             = "Airflow connection of ${var.name}: queues, roles and places; no secret"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = 7
  tags                    = var.tags
}

resource "aws_secretsmanager_secret_version" "connection" {
  count = var.create ? 1 : 0

  secret_id     = aws_secretsmanager_secret.connection[0].id
  secret_string = jsonencode({ conn_type = "platerunner", extra = local.extra })
}
