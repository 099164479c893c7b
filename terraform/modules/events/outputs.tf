output "queue_arn" {
  description = "ARN of the queue that asset watchers read."
  value       = try(aws_sqs_queue.this["arrivals"].arn, null)

  depends_on = [aws_sqs_queue_policy.this]
}

output "queue_url" {
  description = "URL of the queue, for the asset watcher."
  value       = try(aws_sqs_queue.this["arrivals"].url, null)

  depends_on = [aws_sqs_queue_policy.this]
}

output "dead_letter_queue_name" {
  description = "Name of the queue of what could not be taken, for an alarm."
  value       = try(aws_sqs_queue.this["dead"].name, null)
}
