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

override_data {
  target = data.aws_ssm_parameter.image
  values = { value = "ami-00000000000000001" }
}

override_data {
  target = data.aws_subnet.this
  values = { availability_zone = "eu-west-1a" }
}

override_resource {
  target          = aws_ebs_volume.this
  override_during = plan
  values          = { id = "vol-0123456789abcdef0" }
}

run "reached_by_session_manager_alone" {
  command = plan

  assert {
    condition     = !aws_instance.this[0].associate_public_ip_address && aws_instance.this[0].metadata_options[0].http_tokens == "required"
    error_message = "the host has a public address, or metadata for everybody"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.https[0].from_port == 443 && aws_vpc_security_group_egress_rule.https[0].to_port == 443
    error_message = "only HTTPS goes out"
  }

  # Resource *: channels, metrics of one namespace, and reads.
  assert {
    condition = alltrue(flatten([
      for policy in concat(aws_iam_role_policy.this, aws_iam_role_policy.snapshots) : [
        for statement in jsondecode(policy.policy).Statement : [
          for action in flatten([statement.Action]) : can(regex("^(ssmmessages:|ec2:Describe)", action)) || try(statement.Condition.StringEquals["cloudwatch:namespace"] == "Platerunner/platerunner-t/coordinator", false)
        ] if contains(flatten([statement.Resource]), "*")
      ]
    ]))
    error_message = "a role may write on resource *"
  }

  assert {
    condition     = { for name, policy in aws_iam_role_policy.run : name => policy.policy } == { run-batch = var.run_policies.batch, run-data = var.run_policies.data }
    error_message = "pipelines run by other rights than on MWAA"
  }
}

run "what_is_kept_outlives_the_host" {
  command = plan

  assert {
    condition     = aws_ebs_volume.this[0].encrypted && aws_ebs_volume.this[0].kms_key_id == var.kms_key_arn && aws_instance.this[0].root_block_device[0].encrypted
    error_message = "a disk is not encrypted"
  }

  assert {
    condition     = aws_volume_attachment.this[0].stop_instance_before_detaching && strcontains(aws_instance.this[0].user_data, "nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0")
    error_message = "the host mounts another volume, or loses it while the database writes"
  }

  assert {
    condition = (
      { for tag, value in aws_dlm_lifecycle_policy.this[0].policy_details[0].target_tags : tag => value if try(aws_ebs_volume.this[0].tags[tag], "") != value } == {}
      && aws_dlm_lifecycle_policy.this[0].policy_details[0].schedule[0].retain_rule[0].count == 14
    )
    error_message = "the volume is in no snapshot, or not for two weeks"
  }

  assert {
    condition     = length(aws_instance.this[0].user_data) < 16384
    error_message = "EC2 takes no more than 16 KiB of user data"
  }
}

run "somebody_hears_of_it" {
  command = plan

  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.this) : contains(alarm.alarm_actions, var.alert_topic_arn)])
    error_message = "an alarm goes to nobody"
  }

  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.this : key => setsubtract(alarm.alarm_actions, [var.alert_topic_arn]) if length(alarm.alarm_actions) > 1 } == {
      coordinator-lost  = toset(["arn:aws:automate:eu-west-1:ec2:recover"])
      coordinator-hangs = toset(["arn:aws:automate:eu-west-1:ec2:reboot"])
    }
    error_message = "a host that is lost does not come back by itself"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["airflow-silent"].treat_missing_data == "breaching"
    error_message = "silence must be an alarm"
  }
}

run "disabled_makes_nothing" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition = length(concat(
      aws_instance.this[*], aws_ebs_volume.this[*], aws_iam_role.this[*], aws_iam_role.snapshots[*], values(aws_iam_role_policy.run),
      aws_security_group.this[*], aws_secretsmanager_secret.connection[*], values(aws_cloudwatch_metric_alarm.this), aws_dlm_lifecycle_policy.this[*],
    )) == 0
    error_message = "a disabled module makes something"
  }
}

run "a_host_that_airflow_does_not_fit_on" {
  command = plan

  variables {
    instance_type = "t4g.micro"
  }

  expect_failures = [var.instance_type]
}

run "no_way_to_pypi" {
  command = plan

  variables {
    way_out = false
  }

  expect_failures = [var.way_out]
}

run "a_role_that_airflow_does_not_know" {
  command = plan

  variables {
    users = { ada = "root" }
  }

  expect_failures = [var.users]
}
