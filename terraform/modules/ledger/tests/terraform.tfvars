name        = "platerunner-t"
ledger_url  = "s3://lab-results/workspaces/ledger"
kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d"
