# Optional: a file system for tools that cannot work on objects.

resource "aws_efs_file_system" "this" {
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

resource "aws_efs_mount_target" "this" {
  for_each = var.create ? { for i, subnet in var.efs_subnet_ids : i => subnet } : {}

  file_system_id  = aws_efs_file_system.this[0].id
  subnet_id       = each.value
  security_groups = var.efs_security_group_ids
}
