name            = "platerunner-t"
vpc_id          = "vpc-00000000000000001"
subnet_id       = "subnet-00000000000000001"
bucket          = { name = "lab-airflow", arn = "arn:aws:s3:::lab-airflow" }
connection      = "{\"conn_type\": \"platerunner\"}"
alert_topic_arn = "arn:aws:sns:eu-west-1:123456789012:platerunner-t-alerts"
kms_key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
run_policies = {
  batch = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"batch:DescribeJobs\", \"Resource\": \"*\"}]}"
  data  = "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:GetObject\", \"Resource\": \"arn:aws:s3:::lab-data/plates/*\"}]}"
}
