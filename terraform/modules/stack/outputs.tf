output "airflow_url" {
  description = "Address of Airflow's pages."
  value       = "https://${coalesce(module.mwaa.webserver_url, "not-there-yet")}"
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

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = module.observability.dashboard_name
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
  description = "What a month costs while nothing runs, by list prices in us-east-1: MWAA, NAT gateways and endpoints, small things."
  value = {
    mwaa    = ceil(local.hours * local.mwaa_hourly)
    network = ceil(local.hours * local.network_hourly)
    other   = local.fixed_usd
    total   = ceil(local.hours * local.mwaa_hourly) + ceil(local.hours * local.network_hourly) + local.fixed_usd
  }
}
