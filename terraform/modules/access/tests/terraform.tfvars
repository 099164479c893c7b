name               = "lab"
data               = { bucket = "lab-data", prefix = "plates" }
workspace          = { bucket = "lab-results", prefix = "workspaces" }
airflow_bucket_arn = "arn:aws:s3:::lab-airflow"
airflow_role_arn   = "arn:aws:iam::123456789012:role/lab-eu-west-1-mwaa"
queue_arns         = ["arn:aws:batch:eu-west-1:123456789012:job-queue/lab-spot"]
switch_arn         = "arn:aws:states:eu-west-1:123456789012:stateMachine:lab-queues"
kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
run_policies = {
  batch = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"batch:DescribeJobs\",\"Resource\":\"*\"}]}"
  data  = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::lab-results/workspaces/*\"}]}"
}
