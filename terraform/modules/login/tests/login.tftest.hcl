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

run "reached_by_session_manager_alone" {
  command = plan

  assert {
    condition     = !aws_instance.this[0].associate_public_ip_address
    error_message = "the host has a public address"
  }

  assert {
    condition     = aws_instance.this[0].metadata_options[0].http_tokens == "required" && aws_instance.this[0].root_block_device[0].encrypted
    error_message = "metadata must need a token, and the disk be encrypted"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.this[0].policy).Statement :
      alltrue([for action in flatten([statement.Action]) : startswith(action, "ssmmessages:")]) if contains(flatten([statement.Resource]), "*")
    ])
    error_message = "the role may write on resource *"
  }
}

run "disabled_makes_nothing" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition     = length(concat(aws_instance.this[*], aws_security_group.this[*], aws_iam_role.this[*], aws_iam_instance_profile.this[*])) == 0
    error_message = "a disabled module makes something"
  }
}

run "a_large_host" {
  command = plan

  variables {
    instance_type = "m7i.24xlarge"
  }

  expect_failures = [var.instance_type]
}
