# The connection `platerunner`, where Airflow looks for it, as on MWAA. It names resources and holds no secret.

locals {
  connections_prefix = "${var.name}/connections"
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
  secret_string = var.connection
}
