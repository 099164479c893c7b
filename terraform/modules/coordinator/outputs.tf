output "instance_id" {
  description = "Id of the host, for `aws ssm start-session --target`."
  value       = one(aws_instance.this[*].id)
}

output "role_arn" {
  description = "ARN of Airflow's role."
  value       = one(aws_iam_role.this[*].arn)
}

output "security_group_id" {
  description = "Id of its security group."
  value       = one(aws_security_group.this[*].id)
}

output "volume_id" {
  description = "Id of the volume with Airflow's database."
  value       = one(aws_ebs_volume.this[*].id)
}

output "pages_command" {
  description = "Command that brings Airflow's pages to http://localhost:8080 on a workstation."
  value       = var.create ? "aws ssm start-session --region ${local.region} --target ${aws_instance.this[0].id} --document-name AWS-StartPortForwardingSession --parameters portNumber=8080,localPortNumber=8080" : null
}
