# Plans only, without an account: what AWS would be asked is answered here.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

run "buckets_are_private_encrypted_versioned" {
  command = plan

  assert {
    condition     = toset(keys(aws_s3_bucket.this)) == toset(["data", "results", "airflow"])
    error_message = "a bucket is missing"
  }

  assert {
    condition = alltrue([
      for block in concat(values(aws_s3_bucket_public_access_block.this), aws_s3_bucket_public_access_block.logs) :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ]) && length(aws_s3_bucket_public_access_block.this) == 3
    error_message = "a bucket could become public"
  }

  assert {
    condition = alltrue([
      for controls in concat(values(aws_s3_bucket_ownership_controls.this), aws_s3_bucket_ownership_controls.logs) :
      controls.rule[0].object_ownership == "BucketOwnerEnforced"
    ])
    error_message = "ACLs must be off"
  }

  assert {
    condition = alltrue([
      for versioning in concat(values(aws_s3_bucket_versioning.this), aws_s3_bucket_versioning.logs) :
      versioning.versioning_configuration[0].status == "Enabled"
    ]) && length(aws_s3_bucket_versioning.this) == 3
    error_message = "a bucket keeps no versions"
  }

  assert {
    condition = alltrue([
      for encryption in values(aws_s3_bucket_server_side_encryption_configuration.this) : alltrue([
        for rule in encryption.rule : rule.bucket_key_enabled && one(rule.apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
      ])
    ]) && length(aws_s3_bucket_server_side_encryption_configuration.this) == 3
    error_message = "a bucket is not encrypted with our key"
  }

  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation && aws_kms_key.this[0].deletion_window_in_days == 30
    error_message = "the key must rotate, and die slowly"
  }

  assert {
    condition     = alltrue([for bucket in concat(values(aws_s3_bucket.this), aws_s3_bucket.logs) : !bucket.force_destroy])
    error_message = "a bucket can be destroyed with its objects"
  }

  assert {
    condition     = length(aws_s3_bucket_logging.this) == 3
    error_message = "access to each bucket is logged"
  }

  assert {
    condition     = aws_s3_bucket_notification.data[0].eventbridge
    error_message = "arrivals must be told to EventBridge"
  }
}

run "policies_demand_tls_and_grant_nothing_to_the_world" {
  command = plan

  assert {
    condition = alltrue([
      for document in values(data.aws_iam_policy_document.tls_only) : length([
        for statement in jsondecode(document.json).Statement : statement
        if statement.Effect == "Deny" && try(statement.Condition.Bool["aws:SecureTransport"] == "false", false)
      ]) == 1
    ])
    error_message = "a bucket takes calls without TLS"
  }

  assert {
    condition = alltrue(flatten([
      for policy in concat([for p in values(aws_s3_bucket_policy.this) : p.policy], aws_s3_bucket_policy.logs[*].policy) : [
        for statement in jsondecode(policy).Statement : statement.Effect == "Deny" || (
          try(statement.Principal.Service == "logging.s3.amazonaws.com", false) && try(statement.Condition.StringEquals["aws:SourceAccount"] != "", false)
        )
      ]
    ]))
    error_message = "a bucket policy allows something to somebody else than S3's log delivery"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.this[0].policy).Statement :
      try(statement.Principal.AWS == "arn:aws:iam::123456789012:root", false) || can(statement.Condition)
    ])
    error_message = "the key trusts a service without a condition"
  }
}

run "nothing_current_is_deleted" {
  command = plan

  variables {
    archive = { data = { days = 90 } }
  }

  # Expiration of markers alone: a delete marker without versions behind it is only a name.
  assert {
    condition = alltrue(flatten([
      for lifecycle in values(aws_s3_bucket_lifecycle_configuration.this) : [
        for rule in lifecycle.rule : rule.id == "forget-old-versions" && rule.expiration[0].expired_object_delete_marker
        if length(rule.expiration) > 0
      ]
    ]))
    error_message = "a rule deletes data"
  }

  assert {
    condition = length([
      for rule in aws_s3_bucket_lifecycle_configuration.this["data"].rule : rule if rule.id == "archive"
    ]) == 1 && length([for rule in aws_s3_bucket_lifecycle_configuration.this["results"].rule : rule if rule.id == "archive"]) == 0
    error_message = "only the bucket that was named is archived"
  }

  assert {
    condition     = length([for rule in aws_s3_bucket_lifecycle_configuration.this["airflow"].rule : rule if rule.id == "tier-by-use"]) == 0
    error_message = "MWAA's bucket is read all the time and not tiered"
  }
}

run "a_file_system_if_asked_for" {
  command = plan

  variables {
    efs_subnet_ids         = ["subnet-00000000000000001", "subnet-00000000000000002"]
    efs_security_group_ids = ["sg-00000000000000001"]
  }

  assert {
    condition     = aws_efs_file_system.this[0].encrypted && length(aws_efs_mount_target.this) == 2 && aws_efs_backup_policy.this[0].backup_policy[0].status == "ENABLED"
    error_message = "the file system must be encrypted, backed up, and reached from each subnet"
  }
}

run "disabled_makes_nothing" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition = length(concat(
      values(aws_s3_bucket.this), aws_s3_bucket.logs[*], aws_kms_key.this[*], aws_kms_alias.this[*], values(aws_s3_bucket_policy.this),
      aws_s3_bucket_policy.logs[*], aws_s3_bucket_notification.data[*], aws_efs_file_system.this[*],
    )) == 0
    error_message = "a disabled module makes something"
  }
}

run "a_copy_that_nobody_deletes" {
  command = plan

  variables {
    trail_name = "platerunner-t"
    copy       = { region = "eu-central-1", lock_days = 90 }
  }

  assert {
    condition     = aws_s3_bucket.copy["results"].region == "eu-central-1" && aws_kms_key.copy[0].region == "eu-central-1" && length(aws_s3_bucket.copy) == 1
    error_message = "results are copied to the other region, with a key of its own"
  }

  assert {
    condition = alltrue([for rule in aws_s3_bucket_replication_configuration.this["results"].rule : rule.delete_marker_replication[0].status == "Disabled"
    && rule.source_selection_criteria[0].sse_kms_encrypted_objects[0].status == "Enabled" && rule.destination[0].metrics[0].status == "Enabled"])
    error_message = "a deletion is copied, or encrypted objects are not"
  }

  assert {
    condition     = one(aws_s3_bucket_object_lock_configuration.copy["results"].rule).default_retention[0].days == 90 && aws_s3_bucket_lifecycle_configuration.copy["results"].rule[0].noncurrent_version_expiration[0].noncurrent_days == 90
    error_message = "the copy is locked, and old versions of it are kept as long"
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.copy["results"].restrict_public_buckets && aws_s3_bucket_versioning.copy["results"].versioning_configuration[0].status == "Enabled" && length([for s in jsondecode(aws_s3_bucket_policy.copy["results"].policy).Statement : s if s.Effect != "Deny"]) == 0
    error_message = "the copy is less protected than what it is of"
  }

  assert {
    condition = length([
      for statement in jsondecode(aws_s3_bucket_policy.logs[0].policy).Statement : statement
      if try(statement.Principal.Service == "cloudtrail.amazonaws.com" && statement.Condition.StringEquals["aws:SourceArn"] == "arn:aws:cloudtrail:eu-west-1:123456789012:trail/platerunner-t", false)
    ]) == 2
    error_message = "one trail alone writes to the bucket of logs"
  }
}

run "a_copy_of_code" {
  command = plan

  variables {
    copy = { region = "eu-central-1", buckets = ["airflow"] }
  }

  expect_failures = [var.copy]
}

run "an_archive_of_another_bucket" {
  command = plan

  variables {
    archive = { airflow = { days = 90 } }
  }

  expect_failures = [var.archive]
}

run "an_archive_too_soon" {
  command = plan

  variables {
    archive = { data = { days = 1 } }
  }

  expect_failures = [var.archive]
}

run "too_little_time_to_undo" {
  command = plan

  variables {
    noncurrent_days = 1
  }

  expect_failures = [var.noncurrent_days]
}

run "a_file_system_without_groups" {
  command = plan

  variables {
    efs_subnet_ids = ["subnet-00000000000000001"]
  }

  expect_failures = [var.efs_security_group_ids]
}
