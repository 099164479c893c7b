# AWS Backup beside S3's own versions: in a vault that no role here may write to or delete from, so that neither a mistake in
# Airflow nor a stolen role reaches it. Buckets come back to any second, and a month later as they were once a month.

locals {
  backs_up = var.create && var.backup != null
  rules = !local.backs_up ? {} : merge(
    { continuous = { schedule = "cron(0 3 * * ? *)", continuous = true, days = var.backup.days } },
    var.backup.monthly_days == null ? {} : { monthly = { schedule = "cron(0 5 1 * ? *)", continuous = false, days = var.backup.monthly_days } },
  )
}

resource "aws_backup_vault" "this" {
  count = local.backs_up ? 1 : 0

  name        = var.name
  kms_key_arn = var.kms_key_arn
  tags        = var.tags # AWS itself deletes no vault that holds anything
}

# Nobody without backup:DeleteBackupVaultLockConfiguration deletes what is younger.
resource "aws_backup_vault_lock_configuration" "this" {
  count = local.backs_up ? 1 : 0

  backup_vault_name  = aws_backup_vault.this[0].name
  min_retention_days = var.backup.days
}

resource "aws_backup_plan" "this" {
  count = local.backs_up ? 1 : 0

  name = var.name
  tags = var.tags

  dynamic "rule" {
    for_each = local.rules

    content {
      rule_name                = rule.key
      target_vault_name        = aws_backup_vault.this[0].name
      schedule                 = rule.value.schedule
      enable_continuous_backup = rule.value.continuous
      recovery_point_tags      = var.tags

      lifecycle {
        delete_after = rule.value.days
      }
    }
  }

  depends_on = [aws_backup_vault_lock_configuration.this]
}

resource "aws_backup_selection" "this" {
  count = local.backs_up ? 1 : 0

  name         = var.name
  plan_id      = aws_backup_plan.this[0].id
  iam_role_arn = aws_iam_role.backup[0].arn
  resources    = var.backup_arns

  depends_on = [aws_iam_role_policy.backup]
}
