run "prod" {
  command = plan

  module {
    source = "../prod"
  }
}

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

  assert {
    condition     = alltrue([for part in ["airflow", "network", "total"] : output.control_plane_usd[part] < run.prod.control_plane_usd[part]])
    error_message = "dev's control plane costs as much as prod's"
  }

  assert {
    condition     = output.max_vcpus < run.prod.max_vcpus && output.budget_usd < run.prod.budget_usd
    error_message = "dev may spend as much as prod"
  }
}

run "what_is_refused" {
  command = plan

  variables {
    monthly_limit_usd = 50
    region            = "Ireland"
    cost_centre       = ""
    name              = "platerunner-development"
  }

  expect_failures = [var.monthly_limit_usd, var.region, var.cost_centre, var.name]
}
