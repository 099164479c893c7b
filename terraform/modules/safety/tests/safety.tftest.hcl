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

override_resource {
  target          = aws_cloudwatch_log_group.this
  override_during = plan
  values          = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/cloudtrail/platerunner-t" }
}

run "what_should_not_happen_is_an_alarm" {
  command = plan

  assert {
    condition = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset([
      "root-used", "bucket-opened", "key-ending", "trail-changed", "many-denied", "copy-of-results-failed", "backup-failed",
    ])
    error_message = "an alarm is missing"
  }

  assert {
    condition     = alltrue([for key, filter in aws_cloudwatch_log_metric_filter.this : filter.metric_transformation[0].name == aws_cloudwatch_metric_alarm.this[key].metric_name && filter.metric_transformation[0].namespace == aws_cloudwatch_metric_alarm.this[key].namespace])
    error_message = "an alarm looks at a metric that no filter writes"
  }

  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.this) : alarm.alarm_actions == toset([var.alert_topic_arn])])
    error_message = "an alarm goes to nobody"
  }

  # What jobs read is left out, and nothing else: not what they write, not what anybody else reads.
  assert {
    condition = [for selector in aws_cloudtrail.this[0].advanced_event_selector : [
      for field in selector.field_selector : field.not_starts_with[0] if length(coalesce(field.not_starts_with, [])) > 0
    ]] == [[], ["arn:aws:sts::123456789012:assumed-role/platerunner-t-eu-west-1-job/"], []]
    error_message = "the trail leaves out something else than what jobs read"
  }

  assert {
    condition     = aws_cloudtrail.this[0].is_multi_region_trail && aws_cloudtrail.this[0].enable_log_file_validation && aws_cloudtrail.this[0].kms_key_id == var.kms_key_arn
    error_message = "the trail must cover all regions, prove itself, and be encrypted"
  }

  assert {
    condition     = aws_backup_vault_lock_configuration.this[0].min_retention_days == 35 && { for rule in aws_backup_plan.this[0].rule : rule.rule_name => tostring(rule.lifecycle[0].delete_after) } == { continuous = "35", monthly = "365" } && aws_backup_selection.this[0].resources == toset(["arn:aws:s3:::lab-results"])
    error_message = "results are backed up, and the vault is locked for as long"
  }
}

run "where_it_has_a_trail" {
  command = plan

  variables {
    audit  = { log_group_name = "/it/trail" }
    backup = null
  }

  assert {
    condition     = length(aws_cloudtrail.this) + length(aws_cloudwatch_log_group.this) + length(aws_iam_role.this) + length(aws_backup_vault.this) == 0
    error_message = "a second trail is paid for"
  }

  assert {
    condition     = { for filter in values(aws_cloudwatch_log_metric_filter.this) : filter.log_group_name => 1... } == { "/it/trail" = [1, 1, 1, 1, 1] }
    error_message = "alarms look at another log than IT's"
  }
}

run "disabled_makes_nothing" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition     = length(aws_cloudtrail.this) + length(aws_cloudwatch_metric_alarm.this) + length(aws_backup_plan.this) + length(aws_iam_role.backup) == 0
    error_message = "a disabled module makes something"
  }
}

run "backups_for_longer_than_there_are" {
  command = plan

  variables {
    backup = { days = 90 }
  }

  expect_failures = [var.backup]
}

run "an_alarm_for_each_denied_call" {
  command = plan

  variables {
    denied_per_hour = 1
  }

  expect_failures = [var.denied_per_hour]
}
