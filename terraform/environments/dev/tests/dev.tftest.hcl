run "dev" {
  command = plan

  assert {
    condition     = output.max_vcpus == 80 && output.budget_usd == 600
    error_message = "dev is small, and its queues close early"
  }

  assert {
    condition     = output.control_plane_usd.total < output.budget_usd
    error_message = "the control plane alone would use the budget up and close the queues"
  }
}

run "prod" {
  command = plan

  module {
    source = "../prod"
  }
}

run "dev_is_cheaper_than_prod" {
  command = plan

  assert {
    condition     = alltrue([for part in ["mwaa", "network", "total"] : output.control_plane_usd[part] < run.prod.control_plane_usd[part]])
    error_message = "dev's control plane costs as much as prod's"
  }

  assert {
    condition     = output.max_vcpus < run.prod.max_vcpus && output.budget_usd < run.prod.budget_usd
    error_message = "dev may spend as much as prod"
  }
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

run "no_tag_value" {
  command = plan

  variables {
    cost_centre = ""
  }

  expect_failures = [var.cost_centre]
}

run "a_name_too_long" {
  command = plan

  variables {
    name = "platerunner-development"
  }

  expect_failures = [var.name]
}
