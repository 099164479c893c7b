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
  values = { insecure_value = "ami-0123456789abcdef0" }
}

run "queues_by_capacity" {
  command = plan

  assert {
    condition     = { for key, queue in aws_batch_job_queue.this : key => queue.name } == { spot = "platerunner-t-spot", on_demand = "platerunner-t-on-demand" }
    error_message = "a queue's name must never change"
  }

  assert {
    condition     = alltrue([for queue in values(aws_batch_job_queue.this) : queue.state == "ENABLED" && queue.scheduling_policy_arn == null])
    error_message = "queues are open, and first in first out unless asked otherwise"
  }

  assert {
    condition     = aws_batch_compute_environment.this["spot"].compute_resources[0].allocation_strategy == "SPOT_PRICE_CAPACITY_OPTIMIZED" && aws_batch_compute_environment.this["on_demand"].compute_resources[0].type == "EC2"
    error_message = "spot and on-demand capacity are mixed up"
  }

  assert {
    condition     = alltrue([for environment in values(aws_batch_compute_environment.this) : environment.compute_resources[0].min_vcpus == 0])
    error_message = "an idle environment must cost nothing"
  }

  assert {
    condition     = alltrue([for environment in values(aws_batch_compute_environment.this) : startswith(environment.name_prefix, "platerunner-t-")])
    error_message = "an environment has a fixed name, so a new one cannot stand beside it"
  }

  assert {
    condition     = output.max_vcpus == 1280
    error_message = "the sum of all queues' cores is wrong"
  }
}

run "hosts_have_a_sized_encrypted_disk" {
  command = plan

  assert {
    condition     = tobool(aws_launch_template.this["hosts"].block_device_mappings[0].ebs[0].encrypted) && aws_launch_template.this["hosts"].block_device_mappings[0].ebs[0].volume_size == 300
    error_message = "the disk must be encrypted, and large enough"
  }

  assert {
    condition     = aws_launch_template.this["hosts"].metadata_options[0].http_tokens == "required" && aws_launch_template.this["hosts"].metadata_options[0].http_put_response_hop_limit == 1
    error_message = "metadata must need a token, and stay on the host"
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.this["hosts"].user_data), "\nECS_ENABLE_SPOT_INSTANCE_DRAINING=true\n")
    error_message = "containers must hear of a spot reclaim"
  }
}

# New images and settings are for new hosts; jobs on the old ones end by themselves.
run "hosts_are_replaced_without_loss_of_jobs" {
  command = plan

  assert {
    condition     = alltrue([for environment in values(aws_batch_compute_environment.this) : !environment.update_policy[0].terminate_jobs_on_update && environment.update_policy[0].job_execution_timeout_minutes == 360])
    error_message = "an update ends running jobs at once"
  }

  assert {
    condition     = alltrue([for environment in values(aws_batch_compute_environment.this) : environment.compute_resources[0].ec2_configuration[0].image_id_override == "ami-0123456789abcdef0"])
    error_message = "hosts would keep the image of their first day"
  }

  assert {
    # With another service role or strategy, Batch changes nothing in place.
    condition     = alltrue([for environment in values(aws_batch_compute_environment.this) : contains(["SPOT_PRICE_CAPACITY_OPTIMIZED", "BEST_FIT_PROGRESSIVE"], environment.compute_resources[0].allocation_strategy)])
    error_message = "an environment of this strategy cannot be changed in place"
  }
}

run "one_image_is_pinned" {
  command = plan

  variables {
    drain_minutes = 60
    capacities = {
      spot      = { type = "SPOT", max_vcpus = 64, instance_types = ["r7i"] }
      on_demand = { type = "EC2", max_vcpus = 64, instance_types = ["r7i"], image_id = "ami-0fedcba9876543210" }
    }
  }

  assert {
    condition     = output.host_image_ids == { spot = "ami-0123456789abcdef0", on_demand = "ami-0fedcba9876543210" }
    error_message = "one image is pinned, and the other is AWS's newest"
  }

  assert {
    condition     = aws_batch_compute_environment.this["spot"].update_policy[0].job_execution_timeout_minutes == 60
    error_message = "jobs have another time to end than was asked for"
  }
}

run "the_job_role_is_limited_to_its_prefixes" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.job[0].policy).Statement : statement.Resource
      if anytrue([for action in flatten([statement.Action]) : contains(["s3:GetObject", "s3:PutObject"], action)])
    ])) == toset(["arn:aws:s3:::lab-data/plates/*", "arn:aws:s3:::lab-results/workspaces/*"])
    error_message = "a job reaches objects elsewhere"
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.job[0].policy).Statement : statement.Resource
      if contains(flatten([statement.Action]), "s3:PutObject")
    ]) == ["arn:aws:s3:::lab-results/workspaces/*"]
    error_message = "a job writes elsewhere than to the workspace"
  }

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.job[0].policy).Statement : [
        for action in flatten([statement.Action]) : !strcontains(action, "*") && !strcontains(action, "Delete") && contains(["s3", "kms"], split(":", action)[0])
      ]
    ]))
    error_message = "a job may do more than read, write and use the key"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.job[0].policy).Statement : length(try(statement.Condition.StringLikeIfExists["s3:prefix"], [])) == 2
      if contains(flatten([statement.Action]), "s3:ListBucket")
    ])
    error_message = "a job may list everything"
  }

  assert {
    condition     = jsondecode(aws_iam_role.job[0].assume_role_policy).Statement[0].Principal.Service == "ecs-tasks.amazonaws.com"
    error_message = "jobs alone may take the role"
  }
}

run "no_write_on_everything" {
  command = plan

  variables {
    secret_arns = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:licence-abcdef"]
    cache_arns  = ["arn:aws:ecr:eu-west-1:123456789012:repository/platerunner-t/quay/*"]
  }

  # Who pulls an image through a cache for the first time makes its repository.
  assert {
    condition = alltrue([
      for policy in [aws_iam_role_policy.execution[0].policy, aws_iam_role_policy.host[0].policy] : flatten([
        for statement in jsondecode(policy).Statement : statement.Resource if contains(flatten([statement.Action]), "ecr:BatchImportUpstreamImage") && contains(flatten([statement.Action]), "ecr:CreateRepository")
      ]) == ["arn:aws:ecr:eu-west-1:123456789012:repository/platerunner-t/quay/*"]
    ])
    error_message = "a cache cannot fetch, or fetches into other repositories"
  }

  assert {
    condition = alltrue(flatten([
      for policy in [aws_iam_role_policy.job[0].policy, aws_iam_role_policy.execution[0].policy, aws_iam_role_policy.host[0].policy] : [
        for statement in jsondecode(policy).Statement : length(setsubtract(flatten([statement.Action]), ["ecr:GetAuthorizationToken", "ecs:DiscoverPollEndpoint"])) == 0
        if contains(flatten([statement.Resource]), "*")
      ]
    ]))
    error_message = "a role may write on resource *"
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.execution[0].policy).Statement : statement.Resource
      if contains(flatten([statement.Action]), "secretsmanager:GetSecretValue")
    ]) == ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:licence-abcdef"]
    error_message = "the execution role reads other secrets"
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.host[0].policy).Statement : alltrue([
        for resource in flatten([statement.Resource]) : strcontains(resource, "cluster/AWSBatch-platerunner-t-") || strcontains(resource, "cluster/platerunner-t-")
      ]) if contains(flatten([statement.Action]), "ecs:RegisterContainerInstance")
    ])
    error_message = "a host may join other clusters"
  }
}

run "gpu_and_fargate" {
  command = plan

  variables {
    capacities = {
      spot      = { type = "SPOT", max_vcpus = 64, instance_types = ["r7i"] }
      on_demand = { type = "EC2", max_vcpus = 64, instance_types = ["r7i"] }
      gpu       = { type = "SPOT", max_vcpus = 64, instance_types = ["g5", "g6"], image_type = "ECS_AL2023_NVIDIA" }
      fargate   = { type = "FARGATE", max_vcpus = 64 }
    }
  }

  assert {
    condition     = aws_batch_compute_environment.this["gpu"].compute_resources[0].ec2_configuration[0].image_type == "ECS_AL2023_NVIDIA"
    error_message = "GPU hosts need NVIDIA's drivers"
  }

  assert {
    condition = (
      aws_batch_compute_environment.this["fargate"].compute_resources[0].instance_role == null
      && length(aws_batch_compute_environment.this["fargate"].compute_resources[0].launch_template) == 0
      && aws_batch_compute_environment.this["fargate"].compute_resources[0].allocation_strategy == null
    )
    error_message = "Fargate takes no hosts' settings"
  }

  assert {
    condition     = length(aws_batch_job_queue.this) == 4
    error_message = "each capacity has a queue"
  }
}

run "fair_share" {
  command = plan

  variables {
    fair_share = { enabled = true, weights = { "urgent*" = 0.1 } }
  }

  assert {
    condition     = aws_batch_scheduling_policy.this[0].fair_share_policy[0].compute_reservation == 10 && one(aws_batch_scheduling_policy.this[0].fair_share_policy[0].share_distribution).share_identifier == "urgent*"
    error_message = "the policy does not say what was asked for"
  }
}

run "disabled_makes_nothing" {
  command = plan

  variables {
    create     = false
    fair_share = { enabled = true }
  }

  assert {
    condition = length(concat(
      values(aws_batch_job_queue.this), values(aws_batch_compute_environment.this), values(aws_launch_template.this), aws_iam_role.job[*], aws_iam_role.host[*],
      aws_iam_role.execution[*], aws_cloudwatch_log_group.this[*], aws_batch_scheduling_policy.this[*], terraform_data.scheduling[*], aws_ssm_parameter.queue_state[*],
    )) == 0
    error_message = "a disabled module makes something"
  }
}

run "no_on_demand" {
  command = plan

  variables {
    capacities = { spot = { type = "SPOT", max_vcpus = 64, instance_types = ["r7i"] } }
  }

  expect_failures = [var.capacities]
}

run "fargate_with_instances" {
  command = plan

  variables {
    capacities = {
      spot      = { type = "SPOT", max_vcpus = 64, instance_types = ["r7i"] }
      on_demand = { type = "EC2", max_vcpus = 64, instance_types = ["r7i"] }
      fargate   = { type = "FARGATE", max_vcpus = 64, instance_types = ["r7i"] }
    }
  }

  expect_failures = [var.capacities]
}

run "batch_must_not_choose_the_architecture" {
  command = plan

  variables {
    capacities = {
      spot      = { type = "SPOT", max_vcpus = 64, instance_types = ["optimal"] }
      on_demand = { type = "EC2", max_vcpus = 64, instance_types = ["r7i"] }
    }
  }

  expect_failures = [var.capacities]
}

run "a_workspace_of_the_whole_bucket" {
  command = plan

  variables {
    workspace = { bucket_arn = "arn:aws:s3:::lab-results", prefix = "" }
  }

  expect_failures = [var.workspace]
}

run "a_prefix_with_a_star" {
  command = plan

  variables {
    data = [{ bucket_arn = "arn:aws:s3:::lab-data", prefix = "*" }]
  }

  expect_failures = [var.data]
}

run "all_repositories" {
  command = plan

  variables {
    repository_arns = ["arn:aws:ecr:eu-west-1:123456789012:repository/*"]
  }

  expect_failures = [var.repository_arns]
}

run "a_disk_too_fast_for_its_iops" {
  command = plan

  variables {
    disk = { throughput = 1000 }
  }

  expect_failures = [var.disk]
}

run "too_heavy_a_share" {
  command = plan

  variables {
    fair_share = { weights = { a = 0 } }
  }

  expect_failures = [var.fair_share]
}

run "hosts_that_nobody_patches" {
  command = plan

  variables {
    capacities = {
      spot      = { type = "SPOT", max_vcpus = 64, instance_types = ["r7i"], image_type = "ECS_AL2" }
      on_demand = { type = "EC2", max_vcpus = 64, instance_types = ["r7i"], image_id = "latest" }
    }
  }

  expect_failures = [var.capacities]
}

run "more_time_than_batch_gives" {
  command = plan

  variables {
    drain_minutes = 361
  }

  expect_failures = [var.drain_minutes]
}

run "a_queue_of_hosts_with_more_disk" {
  command = plan

  variables {
    capacities = {
      spot       = { type = "SPOT", max_vcpus = 64, instance_types = ["r7i"] }
      on_demand  = { type = "EC2", max_vcpus = 32, instance_types = ["r7i"] }
      spot_large = { type = "SPOT", max_vcpus = 32, instance_types = ["r7i"], disk_gib = 2000 }
    }
  }

  assert {
    condition     = { for key, template in aws_launch_template.this : key => template.block_device_mappings[0].ebs[0].volume_size } == { hosts = 300, spot_large = 2000 }
    error_message = "the large queue has a template of its own, the others share one"
  }

  assert {
    condition     = output.host_disk_gib == { spot = 300, on_demand = 300, spot_large = 2000 } && aws_batch_job_queue.this["spot_large"].name == "platerunner-t-spot-large"
    error_message = "the connection has to know how much each has"
  }
}

run "a_large_queue_without_a_disk" {
  command = plan

  variables {
    capacities = {
      spot       = { type = "SPOT", max_vcpus = 64, instance_types = ["r7i"] }
      on_demand  = { type = "EC2", max_vcpus = 32, instance_types = ["r7i"] }
      spot_large = { type = "SPOT", max_vcpus = 32, instance_types = ["r7i"] }
    }
  }

  expect_failures = [var.capacities]
}

run "hosts_that_mount_lustre" {
  command = plan

  variables {
    mounts_lustre = true
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.this["hosts"].user_data), "echo \"-fstype=lustre,ro,noatime,flock $${1%.*}.fsx.")
    error_message = "hosts have no map of what to mount"
  }

  assert {
    condition     = endswith(base64decode(aws_launch_template.this["hosts"].user_data), "systemctl enable --now autofs\n\n--==PLATERUNNER==--\n")
    error_message = "it is not within the part that hosts run"
  }
}
