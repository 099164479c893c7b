output "registry" {
  description = "Host and prefix before an image's name, for the connection."
  value       = var.create ? "${data.aws_caller_identity.this.account_id}.dkr.ecr.${data.aws_region.this.region}.${data.aws_partition.this.dns_suffix}/${var.name}" : null
}

output "repository_urls" {
  description = "Image to the address that it is pushed to."
  value       = { for key, repository in aws_ecr_repository.this : key => repository.repository_url }
}

output "cache_arn_patterns" {
  description = "ARNs of what ECR fetches from other registries, for the policies of those who pull."
  value       = [for folder in keys(local.caches) : "${local.prefix_arn}/${folder}/*"]
}

output "repository_arn_pattern" {
  description = "ARN of all repositories of this prefix, for the policies of those who pull."
  value       = var.create ? "${local.prefix_arn}/*" : null
}
