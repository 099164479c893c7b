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

run "without_names_there_are_policies_and_no_roles" {
  command = plan

  assert {
    condition     = length(aws_iam_role.this) == 0 && length(aws_iam_role.ci) == 0 && length(aws_iam_policy.this) == 7
    error_message = "a role that nobody asked for, or a policy missing"
  }

  # A managed policy has 6,144 characters at most, white space not counted.
  assert {
    condition     = alltrue([for policy in values(aws_iam_policy.this) : length(replace(policy.policy, "/\\s/", "")) <= 6144])
    error_message = "a policy is longer than IAM takes"
  }
}

run "a_group_that_is_named_has_a_role" {
  command = plan

  variables {
    people = { acceptance = ["arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Lab_0123456789abcdef"] }
  }

  assert {
    condition     = keys(aws_iam_role.this) == ["acceptance"] && length(aws_iam_role_policy_attachment.this) == 3
    error_message = "another role, or not the three policies of who accepts"
  }
}

run "ci_trusts_one_repository" {
  command = plan

  variables {
    ci = { repository = "lab/platerunner", oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", environment = "prod", state_bucket = "lab-state" }
  }

  assert {
    condition     = jsondecode(aws_iam_role.ci["apply"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:lab/platerunner:environment:prod"
    error_message = "others than the approved environment may apply"
  }

  assert {
    condition     = aws_iam_role.ci["apply"].max_session_duration == 7200
    error_message = "MWAA takes up to an hour to make: the session would end before"
  }

  # Inline policies of a role have 10,240 characters together.
  assert {
    condition     = alltrue([for policy in values(aws_iam_role_policy.ci) : length(replace(policy.policy, "/\\s/", "")) <= 10240])
    error_message = "a policy is longer than IAM takes"
  }
}

run "no_account_as_a_whole" {
  command = plan

  variables {
    people = { it = ["arn:aws:iam::123456789012:root"] }
  }

  expect_failures = [var.people]
}

run "no_group_that_is_not_known" {
  command = plan

  variables {
    people = { admins = [] }
  }

  expect_failures = [var.people]
}

run "no_repository_by_wildcard" {
  command = plan

  variables {
    ci = { repository = "lab/*", oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/x", environment = "prod", state_bucket = "lab-state" }
  }

  expect_failures = [var.ci]
}
