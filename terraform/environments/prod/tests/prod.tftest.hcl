run "prod" {
  command = plan

  assert {
    condition     = output.max_vcpus == 2304 && output.budget_usd == 5000
    error_message = "prod's cores or limit are not what IT approved"
  }

  assert {
    condition     = output.control_plane_usd.total < output.budget_usd / 2
    error_message = "half of the budget is for jobs"
  }
}

run "no_way_out" {
  command = plan

  variables {
    nat = "none"
  }

  assert {
    condition     = output.control_plane_usd.network == ceil(730 * 0.01 * (45 + 4))
    error_message = "without NAT only endpoints cost"
  }
}

run "another_way_out" {
  command = plan

  variables {
    nat = "public"
  }

  expect_failures = [var.nat]
}

run "a_limit_that_closes_at_once" {
  command = plan

  variables {
    monthly_limit_usd = 50
  }

  expect_failures = [var.monthly_limit_usd]
}

run "no_region" {
  command = plan

  variables {
    region = "Ireland"
  }

  expect_failures = [var.region]
}

run "a_name_too_long" {
  command = plan

  variables {
    name = "platerunner-production"
  }

  expect_failures = [var.name]
}
