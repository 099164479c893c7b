name            = "platerunner-t"
limit_usd       = 500
kms_key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
alert_topic_arn = "arn:aws:sns:eu-west-1:123456789012:platerunner-t-alerts"
queue_arns = {
  spot      = "arn:aws:batch:eu-west-1:123456789012:job-queue/platerunner-t-spot"
  on_demand = "arn:aws:batch:eu-west-1:123456789012:job-queue/platerunner-t-on-demand"
}
state_parameter = "/platerunner-t/queue-state"
