output "policy_arns" {
  description = "Policy to its ARN, for permission sets of an identity centre."
  value       = { for name, policy in aws_iam_policy.this : name => policy.arn }
}

output "role_arns" {
  description = "Group to the ARN of its role, of groups whose members are named."
  value       = { for group, role in aws_iam_role.this : group => role.arn }
}

output "ci_role_arns" {
  description = "What CI does (plan, apply, push) to the ARN of its role."
  value       = { for name, role in aws_iam_role.ci : name => role.arn }
}
