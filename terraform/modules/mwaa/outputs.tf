output "name" {
  description = "Name of the environment."
  value       = one(aws_mwaa_environment.this[*].name)
}

output "arn" {
  description = "ARN of the environment."
  value       = one(aws_mwaa_environment.this[*].arn)
}

output "webserver_url" {
  description = "Host of the web pages."
  value       = one(aws_mwaa_environment.this[*].webserver_url)
}

output "role_arn" {
  description = "ARN of Airflow's role."
  value       = one(aws_iam_role.this[*].arn)
}

output "security_group_id" {
  description = "Id of MWAA's security group."
  value       = one(aws_security_group.this[*].id)
}

output "connection_secret_name" {
  description = "Name of the secret with the connection."
  value       = one(aws_secretsmanager_secret.connection[*].name)
}

output "connection" {
  description = "The connection as JSON, for AIRFLOW_CONN_PLATERUNNER on a workstation. It holds no secret."
  value       = jsonencode({ conn_type = "platerunner", extra = local.extra })
}

output "run_policies" {
  description = "Policies of Airflow's role by which pipelines run, as JSON: batch and data."
  value       = { batch = data.aws_iam_policy_document.batch.json, data = data.aws_iam_policy_document.data.json }
}
