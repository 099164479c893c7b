name        = "platerunner-t"
vpc_id      = "vpc-00000000000000001"
subnet_id   = "subnet-00000000000000001"
kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
