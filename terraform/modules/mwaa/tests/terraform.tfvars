name        = "platerunner-t"
vpc_id      = "vpc-00000000000000001"
subnet_ids  = ["subnet-00000000000000001", "subnet-00000000000000002"]
bucket      = { name = "lab-airflow", arn = "arn:aws:s3:::lab-airflow" }
kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
data        = [{ bucket = "lab-data", prefix = "plates" }]
workspace   = { bucket = "lab-results", prefix = "workspaces" }
connection = {
  queues = { spot = "platerunner-t-spot", on_demand = "platerunner-t-on-demand" }
  queue_arns = {
    spot      = "arn:aws:batch:eu-west-1:123456789012:job-queue/platerunner-t-spot"
    on_demand = "arn:aws:batch:eu-west-1:123456789012:job-queue/platerunner-t-on-demand"
  }
  registry       = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/platerunner-t"
  log_group      = "/aws/batch/platerunner-t"
  job_role       = "arn:aws:iam::123456789012:role/platerunner-t-job"
  execution_role = "arn:aws:iam::123456789012:role/platerunner-t-execution"
  tags           = { CostCentre = "imaging" }
}
