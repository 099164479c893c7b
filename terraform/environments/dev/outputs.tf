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
