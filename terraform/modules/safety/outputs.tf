output "trail_arn" {
  description = "ARN of the trail, if one is made."
  value       = one(aws_cloudtrail.this[*].arn)
}

output "vault_arn" {
  description = "ARN of the vault of backups, if one is made."
  value       = one(aws_backup_vault.this[*].arn)
}
