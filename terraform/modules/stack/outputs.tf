output "airflow_url" {
  description = "Address of Airflow's pages; with a coordinator, after `pages_command`."
  value       = local.on_mwaa ? "https://${coalesce(module.mwaa.webserver_url, "not-there-yet")}" : "http://localhost:8080"
}

output "pages_command" {
  description = "Command that brings a coordinator's pages to a workstation."
  value       = module.coordinator.pages_command
}

output "coordinator_instance_id" {
  description = "Id of the host of Airflow, if it is a coordinator."
  value       = module.coordinator.instance_id
}

output "connection" {
  description = "The connection `platerunner` as JSON, for AIRFLOW_CONN_PLATERUNNER on a workstation. It holds no secret."
  value       = module.mwaa.connection
}

output "bucket_names" {
  description = "Names of the buckets by use: data, results, airflow."
  value       = module.storage.bucket_names
}

output "queue_arns" {
  description = "Capacity to the ARN of its queue."
  value       = module.batch.queue_arns
}

output "fair_share" {
  description = "In whose name jobs share the queues: none, pipeline or owner."
  value       = local.fair_share
}

output "max_vcpus" {
  description = "Cores that all queues together may use at once."
  value       = module.batch.max_vcpus
}

output "host_image_ids" {
  description = "Capacity to the image that its hosts start from."
  value       = module.batch.host_image_ids
}

output "repository_urls" {
  description = "Image to the address that it is pushed to."
  value       = module.registry.repository_urls
}

output "arrival_queue_url" {
  description = "URL of the queue that asset watchers read, if there is one."
  value       = module.events.queue_url
}

output "login_instance_id" {
  description = "Id of the login host, if there is one."
  value       = module.login.instance_id
}

output "alert_topic_arn" {
  description = "Topic of alarms, and of pipelines' notifications: `notify: {on_failure: [{sns: {topic: ...}}]}`."
  value       = module.observability.alert_topic_arn
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.observability.dashboard_name
}

output "close_command" {
  description = "Command that closes the queues at once, without waiting for the budget."
  value       = module.budget.close_command
}

output "open_command" {
  description = "Command that opens the queues after a budget stop."
  value       = module.budget.open_command
}

output "budget_usd" {
  description = "Monthly limit that closes the queues."
  value       = var.budget.limit_usd
}

output "control_plane_usd" {
  description = "What a month costs while nothing runs, by list prices in us-east-1: Airflow (MWAA, or the coordinator with its volume), ways to AWS, small things."
  value = {
    airflow = ceil(local.airflow_monthly)
    network = ceil(local.hours * local.network_hourly)
    other   = local.fixed_usd
    total   = ceil(local.airflow_monthly) + ceil(local.hours * local.network_hourly) + local.fixed_usd
  }
}

output "ledger_workgroup" {
  description = "Athena's workgroup for the ledger: `platerunner ledger ask --athena`."
  value       = module.ledger.workgroup
}

output "ledger_database" {
  description = "Its database: `platerunner ledger ask --database`."
  value       = module.ledger.database
}

output "ledger_ask_policy_arn" {
  description = "Policy that lets a person ask the ledger and change nothing."
  value       = module.ledger.ask_policy_arn
}

output "ledger_ask_role_arn" {
  description = "Role with that policy, if `ledger.asked_by` names who may take it."
  value       = module.ledger.ask_role_arn
}

output "access" {
  description = "ARNs of the policies for permission sets, and of the roles of groups and of CI."
  value       = { policies = module.access.policy_arns, roles = module.access.role_arns, ci = module.access.ci_role_arns }
}

output "vpc_id" {
  description = "Id of the VPC, for peering, VPN and routes of your own."
  value       = module.network.vpc_id
}

output "private_route_table_ids" {
  description = "Ids of the private subnets' route tables, for routes to a VPN or a peering."
  value       = module.network.private_route_table_ids
}

output "safety" {
  description = "Whether there is a trail of its own and a backup, and which buckets are copied to another region."
  value = {
    trail  = var.audit != null && try(var.audit.log_group_name, null) == null
    copies = keys(module.storage.copies)
    backup = var.backup != null
  }
}
