# Optional: a file system for tools that cannot work on objects.

resource "aws_efs_file_system" "this" {
  #checkov:skip=CKV2_AWS_18:Its backup policy below has AWS's own plan back it up every day, kept for 35 days.
  count = var.create && length(var.efs_subnet_ids) > 0 ? 1 : 0

  encrypted       = true
  kms_key_id      = aws_kms_key.this[0].arn
  throughput_mode = "elastic"
  tags            = merge(var.tags, { Name = var.name })

  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_efs_backup_policy" "this" {
  count = length(aws_efs_file_system.this)

  file_system_id = aws_efs_file_system.this[0].id

  backup_policy {
    status = "ENABLED"
  }
}

resource "aws_efs_mount_target" "this" {
  for_each = var.create ? { for i, subnet in var.efs_subnet_ids : i => subnet } : {}

  file_system_id  = aws_efs_file_system.this[0].id
  subnet_id       = each.value
  security_groups = var.efs_security_group_ids
}
