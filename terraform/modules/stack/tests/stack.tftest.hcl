# That the pieces fit. What each of them makes is asserted beside it; what the roles of a whole environment may do, in
# tests/terraform/test_environments.py.

run "by_default" {
  command = plan

  assert {
    condition     = output.max_vcpus == 96
    error_message = "queues have other cores than was asked for"
  }

  assert {
    condition     = output.fair_share == "none"
    error_message = "queues without a policy take no share"
  }

  # 0.49 an hour for mw1.small with one worker and two schedulers; 17 endpoints in three zones, and MWAA's own.
  assert {
    condition     = output.control_plane_usd == { airflow = 358, network = 402, other = 10, total = 770 }
    error_message = "the estimate does not add up"
  }
}

run "with_everything" {
  command = plan

  variables {
    arrivals       = [".done"]
    telemetry      = { collector_image = "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.3" }
    data_role_arns = ["arn:aws:iam::210987654321:role/images"]
    login_host     = true
    fast_storage   = true
    emails         = ["lab@example.org"]
    network        = { nat = "per_az", interface_endpoints = [] }
    airflow        = { class = "mw1.medium", workers = { min = 3, max = 5 }, schedulers = 3 }
    images         = { pull_through = { quay = { registry = "quay.io" } } }
    storage        = { archive = { data = { days = 90 } } }
    budget         = { limit_usd = 1000, cost_tag = { key = "platerunner:environment", value = "platerunner-t" } }
    capacities = {
      spot      = { type = "SPOT", max_vcpus = 64, instance_types = ["r7i"] }
      on_demand = { type = "EC2", max_vcpus = 32, instance_types = ["r7i"] }
      gpu       = { type = "SPOT", max_vcpus = 16, instance_types = ["g5"], image_type = "ECS_AL2023_NVIDIA" }
      fargate   = { type = "FARGATE", max_vcpus = 16 }
    }
  }

  assert {
    condition     = length(aws_iam_role_policy.fast_storage) == 1 && length(local.storage_network.subnets) > 0
    error_message = "runs may not make file systems, or do not know where"
  }

  # Two workers and one scheduler more than the base has: 0.74 + 3 * 0.11; three NAT gateways.
  assert {
    condition     = toset(keys(aws_iam_role_policy.data_roles)) == toset(["job", "airflow"])
    error_message = "jobs or Airflow may not take a role of another account"
  }

  assert {
    condition     = output.control_plane_usd.airflow == ceil(730 * 1.07) && output.control_plane_usd.network == ceil(730 * (3 * 0.045 + 4 * 0.01))
    error_message = "the estimate does not add up"
  }
}

# What Platerunner gives with a job is what the queues want.
run "queues_that_share" {
  command = plan

  variables {
    fair_share = { enabled = true, by = "owner" }
    airflow    = { uploaded = { plugins = "plugins.zip", plugins_version = "v1" } }
  }

  assert {
    condition     = output.fair_share == "owner"
    error_message = "the connection must say in whose name jobs share"
  }
}

run "queues_that_share_by_something_else" {
  command = plan

  variables {
    fair_share = { enabled = true, by = "user" }
  }

  expect_failures = [var.fair_share]
}

run "a_name_that_buckets_refuse" {
  command = plan

  variables {
    name = "Plate_Runner"
  }

  expect_failures = [var.name]
}
