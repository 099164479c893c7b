output "airflow_url" {
  description = "Address of Airflow's pages."
  value       = module.stack.airflow_url
}

output "connection" {
  description = "The connection `platerunner` as JSON, for AIRFLOW_CONN_PLATERUNNER on a workstation. It holds no secret."
  value       = module.stack.connection
}

output "bucket_names" {
  description = "Names of the buckets by use: data, results, airflow."
  value       = module.stack.bucket_names
}

output "repository_urls" {
  description = "Image to the address that it is pushed to."
  value       = module.stack.repository_urls
}

output "arrival_queue_url" {
  description = "URL of the queue that asset watchers read, if there is one."
  value       = module.stack.arrival_queue_url
}

output "close_command" {
  description = "Command that closes the queues at once, without waiting for the budget."
  value       = module.stack.close_command
}

output "alert_topic_arn" {
  description = "Topic of alarms, to which pipelines may send their notifications, too."
  value       = module.stack.alert_topic_arn
}

output "host_image_ids" {
  description = "Capacity to the image that its hosts start from."
  value       = module.stack.host_image_ids
}

output "open_command" {
  description = "Command that opens the queues after a budget stop."
  value       = module.stack.open_command
}

output "max_vcpus" {
  description = "Cores that all queues together may use at once."
  value       = module.stack.max_vcpus
}

output "budget_usd" {
  description = "Monthly limit that closes the queues."
  value       = module.stack.budget_usd
}

output "control_plane_usd" {
  description = "What a month costs while nothing runs, by list prices in us-east-1."
  value       = module.stack.control_plane_usd
}

output "ledger_workgroup" {
  description = "Athena's workgroup for the ledger: `platerunner ledger ask --athena`."
  value       = module.stack.ledger_workgroup
}

output "ledger_database" {
  description = "Its database: `platerunner ledger ask --database`."
  value       = module.stack.ledger_database
}

output "ledger_ask_policy_arn" {
  description = "Policy that lets a person ask the ledger and change nothing."
  value       = module.stack.ledger_ask_policy_arn
}

output "ledger_ask_role_arn" {
  description = "Role with that policy, if `ledger.asked_by` names who may take it."
  value       = module.stack.ledger_ask_role_arn
}

output "access" {
  description = "ARNs of the policies for permission sets, and of the roles of groups and of CI."
  value       = module.stack.access
}

output "vpc_id" {
  description = "Id of the VPC, for peering, VPN and routes of your own."
  value       = module.stack.vpc_id
}

output "private_route_table_ids" {
  description = "Ids of the private subnets' route tables, for routes to a VPN or a peering."
  value       = module.stack.private_route_table_ids
}

output "safety" {
  description = "Whether there is a trail of its own and a backup, and which buckets are copied to another region."
  value       = module.stack.safety
}
