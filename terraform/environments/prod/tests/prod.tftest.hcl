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
    condition     = output.control_plane_usd.network == ceil(730 * 0.01 * (51 + 4))
    error_message = "without NAT only endpoints cost"
  }
}

run "what_is_refused" {
  command = plan

  variables {
    nat               = "public"
    monthly_limit_usd = 50
    region            = "Ireland"
    name              = "platerunner-production"
  }

  expect_failures = [var.nat, var.monthly_limit_usd, var.region, var.name]
}

run "with_more_queues_and_all_that_keeps_data" {
  command = plan

  variables {
    more_queues = {
      gpu        = { type = "SPOT", max_vcpus = 32, instance_types = ["g5"], image_type = "ECS_AL2023_NVIDIA" }
      spot_large = { type = "SPOT", max_vcpus = 64, instance_types = ["r7i"], disk_gib = 2000 }
      fargate    = { type = "FARGATE", max_vcpus = 16 }
    }
    copy   = { region = "eu-central-1", lock_days = 30 }
    backup = {}
  }

  assert {
    condition     = output.max_vcpus == 2304 + 32 + 64 + 16
    error_message = "the cores of further queues are left out of what IT approves"
  }

  assert {
    condition     = output.safety == { trail = true, copies = ["results"], backup = true }
    error_message = "what was asked for is not handed on"
  }
}

# IT's own VPC, and its way to the pages.
run "in_a_vpc_that_is_there" {
  command = plan

  variables {
    vpc             = { vpc_id = "vpc-0123456789abcdef0", private_subnet_ids = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"], way_out = false }
    web_cidr_blocks = ["10.9.0.0/16"]
    login_host      = true
  }

  override_data {
    target = module.stack.module.network.data.aws_vpc.existing
    values = { cidr_block = "172.20.0.0/16" }
  }

  override_data {
    target = module.stack.module.network.data.aws_subnet.existing
    values = { vpc_id = "vpc-0123456789abcdef0", map_public_ip_on_launch = false }
  }

  assert {
    condition     = output.vpc_id == "vpc-0123456789abcdef0" && output.control_plane_usd.network == ceil(730 * 0.04)
    error_message = "in a VPC of IT's nothing of the network is paid here but MWAA's own endpoints"
  }
}
