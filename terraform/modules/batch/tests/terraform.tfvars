name               = "platerunner-t"
subnet_ids         = ["subnet-00000000000000001", "subnet-00000000000000002"]
security_group_ids = ["sg-00000000000000001"]
kms_key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
repository_arns    = ["arn:aws:ecr:eu-west-1:123456789012:repository/platerunner-t/*"]
data               = [{ bucket_arn = "arn:aws:s3:::lab-data", prefix = "plates" }]
workspace          = { bucket_arn = "arn:aws:s3:::lab-results", prefix = "workspaces" }
