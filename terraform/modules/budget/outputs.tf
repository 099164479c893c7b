output "budget_name" {
  description = "Name of the budget."
  value       = one(aws_budgets_budget.this[*].name)
}

output "state_machine_arn" {
  description = "ARN of the state machine that closes and opens the queues."
  value       = one(aws_sfn_state_machine.this[*].arn)
}

output "open_command" {
  description = "Command that opens the queues after a stop, for somebody who may start the state machine."
  value       = var.create ? local.open_command : null
}

output "close_command" {
  description = "Command that closes them at once, without waiting for the budget."
  value       = var.create ? replace(local.open_command, "ENABLED", "DISABLED") : null
}
