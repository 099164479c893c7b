# Whether the queues are open, kept where no apply forgets it. The budget's state machine writes it before it closes or
# opens anything. Queues and environments that Terraform makes begin as it says, so that a closed one is not replaced by
# an open one.

resource "aws_ssm_parameter" "queue_state" {
  #checkov:skip=CKV2_AWS_34:It says ENABLED or DISABLED, and every plan shows it.
  count = var.create ? 1 : 0

  name            = "/${var.name}/queue-state"
  description     = "ENABLED or DISABLED: what ${var.name}'s queues are to be"
  type            = "String"
  insecure_value  = "ENABLED"
  allowed_pattern = "^(ENABLED|DISABLED)$"
  tags            = var.tags

  lifecycle {
    ignore_changes = [insecure_value]
  }
}
