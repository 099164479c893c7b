output "instance_id" {
  description = "Id of the host, for `aws ssm start-session --target`."
  value       = one(aws_instance.this[*].id)
}

output "security_group_id" {
  description = "Id of its security group."
  value       = one(aws_security_group.this[*].id)
}
