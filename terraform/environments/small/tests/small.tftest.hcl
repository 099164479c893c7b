# With its own values, as it is planned.
run "small" {
  command = plan

  assert {
    condition     = output.control_plane_usd.total < output.budget_usd
    error_message = "the control plane alone would use the budget up and close the queues"
  }
}

run "on_a_larger_host" {
  command = plan

  variables {
    size    = { instance_type = "t4g.large", disk_gib = 50, spot_vcpus = 256 }
    release = "2026-12"
    users   = { ada = "op", grace = "user" }
  }

  assert {
    condition     = output.max_vcpus == 256 + 16 && output.control_plane_usd.airflow == ceil(730 * 0.0672 + 60 * 0.08 + 50 * 0.05)
    error_message = "what was asked for is not handed on"
  }
}

run "what_is_refused" {
  command = plan

  variables {
    vpc               = { vpc_id = "vpc-0123456789abcdef0", private_subnet_ids = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"], way_out = false }
    monthly_limit_usd = 20
    name              = "platerunner-for-a-lab"
    region            = "Ireland"
  }

  expect_failures = [var.vpc, var.monthly_limit_usd, var.name, var.region]
}
