output "workgroup" {
  description = "Name of the workgroup, for `platerunner ledger ask --athena`."
  value       = try(aws_athena_workgroup.this[0].name, null)
}

output "database" {
  description = "Name of the database, for `platerunner ledger ask --database`."
  value       = try(aws_glue_catalog_database.this[0].name, null)
}

output "ask_policy_arn" {
  description = "Policy that lets a person ask the ledger and change nothing, for roles and permission sets of your own."
  value       = try(aws_iam_policy.ask[0].arn, null)
}

output "ask_role_arn" {
  description = "Role with that policy, if `asked_by` names who may take it."
  value       = try(aws_iam_role.ask[0].arn, null)
}

output "result_bucket" {
  description = "Bucket of what Athena answers."
  value       = try(aws_s3_bucket.results[0].bucket, null)
}
