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

run "tags_never_move_and_pushes_are_scanned" {
  command = plan

  assert {
    condition = length(aws_ecr_repository.this) == length(var.repositories) && alltrue([
      for repository in values(aws_ecr_repository.this) : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push
    ])
    error_message = "a tag can move, or an image goes unscanned"
  }

  assert {
    condition = alltrue([
      for repository in values(aws_ecr_repository.this) : repository.encryption_configuration[0].kms_key == var.kms_key_arn && !repository.force_delete
    ])
    error_message = "images must be encrypted with our key, and not go with their repository"
  }

  assert {
    condition     = output.registry == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/platerunner-t"
    error_message = "the connection would look for images elsewhere"
  }

  assert {
    condition     = output.repository_arn_pattern == "arn:aws:ecr:eu-west-1:123456789012:repository/platerunner-t/*"
    error_message = "pulling is limited to the prefix"
  }

  assert {
    condition     = length(aws_ecr_pull_through_cache_rule.this) == 0
    error_message = "nothing is fetched from outside unless asked for"
  }
}

run "what_is_used_never_expires" {
  command = plan

  assert {
    condition     = alltrue([for policy in values(aws_ecr_lifecycle_policy.this) : !anytrue([for rule in jsondecode(policy.policy).rules : rule.selection.tagStatus == "any"])])
    error_message = "a rule about any image takes the one in use"
  }

  assert {
    condition = alltrue([
      for policy in values(aws_ecr_lifecycle_policy.this) : jsondecode(policy.policy).rules[0].rulePriority == 1
      && jsondecode(policy.policy).rules[0].selection.countNumber == 100000 && toset(jsondecode(policy.policy).rules[0].selection.tagPatternList) == toset(["used-*", "*.*.*"])
    ])
    error_message = "what is used must be matched first, by a rule that never takes anything"
  }
}

run "pull_through" {
  command = plan

  variables {
    pull_through = { quay = { registry = "quay.io" } }
  }

  assert {
    condition     = aws_ecr_pull_through_cache_rule.this["quay"].ecr_repository_prefix == "platerunner-t/quay" && aws_ecr_repository_creation_template.this["quay"].prefix == "platerunner-t/quay"
    error_message = "fetched images must lie under the prefix, where they may be pulled"
  }
}

run "disabled_makes_nothing" {
  command = plan

  variables {
    create       = false
    pull_through = { quay = { registry = "quay.io" } }
  }

  assert {
    condition     = length(concat(values(aws_ecr_repository.this), values(aws_ecr_lifecycle_policy.this), values(aws_ecr_pull_through_cache_rule.this), values(aws_ecr_repository_creation_template.this))) == 0
    error_message = "a disabled module makes something"
  }
}

run "docker_hub_without_credentials" {
  command = plan

  variables {
    pull_through = { hub = { registry = "registry-1.docker.io" } }
  }

  expect_failures = [var.pull_through]
}

run "a_registry_that_ecr_does_not_know" {
  command = plan

  variables {
    pull_through = { mine = { registry = "registry.example.com" } }
  }

  expect_failures = [var.pull_through]
}

run "too_few_images_to_find_a_result_again" {
  command = plan

  variables {
    kept_images = 3
  }

  expect_failures = [var.kept_images]
}

run "a_repository_in_capitals" {
  command = plan

  variables {
    repositories = ["CellProfiler"]
  }

  expect_failures = [var.repositories]
}
