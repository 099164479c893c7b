name            = "platerunner-t"
log_bucket_name = "lab-logs"
bucket_arns     = ["arn:aws:s3:::lab-data", "arn:aws:s3:::lab-results"]
job_role_name   = "platerunner-t-eu-west-1-job"
backup_arns     = ["arn:aws:s3:::lab-results"]
alert_topic_arn = "arn:aws:sns:eu-west-1:123456789012:platerunner-t-alerts"
kms_key_arn     = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
audit           = {}
backup          = { monthly_days = 365 }
copies          = { results = { from = "lab-results", to = "lab-copy" } }
