output "queue_names" {
  description = "Capacity to the name of its queue."
  value       = { for key, queue in aws_batch_job_queue.this : key => queue.name }
}

output "queue_arns" {
  description = "Capacity to the ARN of its queue."
  value       = { for key, queue in aws_batch_job_queue.this : key => queue.arn }
}

output "compute_environment_arns" {
  description = "Capacity to the ARN of the compute environment behind its queue now."
  value       = { for key, environment in aws_batch_compute_environment.this : key => environment.arn }
}

output "job_role_arn" {
  description = "ARN of the role that containers run as."
  value       = one(aws_iam_role.job[*].arn)

  depends_on = [aws_iam_role_policy.job]
}

output "execution_role_arn" {
  description = "ARN of the role that pulls images and writes logs."
  value       = one(aws_iam_role.execution[*].arn)

  depends_on = [aws_iam_role_policy.execution]
}

output "log_group_name" {
  description = "Name of the jobs' log group."
  value       = one(aws_cloudwatch_log_group.this[*].name)
}

output "max_vcpus" {
  description = "Cores that all queues together may use at once."
  value       = sum(concat([0], [for capacity in values(local.capacities) : capacity.max_vcpus]))
}

output "host_disk_gib" {
  description = "Capacity to the size of its hosts' disk."
  value       = { for key, host in local.hosts : key => coalesce(host.disk_gib, var.disk.size_gib) }
}

output "queue_state_parameter" {
  description = "Name of the parameter that says whether the queues are open: ENABLED or DISABLED."
  value       = one(aws_ssm_parameter.queue_state[*].name)
}

output "host_image_ids" {
  description = "Capacity to the image that its hosts start from."
  value       = local.image_ids
}
