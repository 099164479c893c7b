name                   = "platerunner-t"
kms_key_arn            = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
jobs_log_group_name    = "/aws/batch/platerunner-t"
mwaa_name              = "platerunner-t"
dead_letter_queue_name = "platerunner-t-arrivals-dead"
emails                 = ["lab@example.org"]
queue_arns = {
  spot      = "arn:aws:batch:eu-west-1:123456789012:job-queue/platerunner-t-spot"
  on_demand = "arn:aws:batch:eu-west-1:123456789012:job-queue/platerunner-t-on-demand"
}
