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
  target = data.aws_availability_zones.this
  values = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
}

run "room_for_10000_jobs_and_nothing_public" {
  command = plan

  assert {
    condition     = output.private_addresses >= 10000
    error_message = "10,000 jobs need 10,000 addresses"
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : !subnet.map_public_ip_on_launch])
    error_message = "a private subnet gives out public addresses"
  }

  assert {
    condition     = length(aws_subnet.public) == 0 && length(aws_internet_gateway.this) == 0 && length(aws_route.private) == 0
    error_message = "without NAT there is no way out"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints_https[0].cidr_ipv4 == "10.20.0.0/16"
    error_message = "endpoints take connections from the VPC alone"
  }

  assert {
    condition     = length(setsubtract(["s3"], [for endpoint in aws_vpc_endpoint.s3 : reverse(split(".", endpoint.service_name))[0]])) == 0
    error_message = "S3 has a gateway endpoint"
  }

  assert {
    condition     = length(setsubtract(["ecr.api", "ecr.dkr", "logs", "batch", "sqs", "sts", "kms"], keys(aws_vpc_endpoint.interface))) == 0
    error_message = "an endpoint is missing"
  }

  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled])
    error_message = "endpoints answer to the services' own names"
  }

  assert {
    condition     = aws_flow_log.this[0].traffic_type == "ALL" && aws_cloudwatch_log_group.flow[0].kms_key_id == var.kms_key_arn
    error_message = "all traffic is logged, encrypted"
  }
}

run "a_host_in_place_of_a_gateway" {
  command = plan

  variables {
    nat                 = "instance"
    interface_endpoints = []
  }

  override_data {
    target = data.aws_ssm_parameter.nat_image
    values = { value = "ami-00000000000000001" }
  }

  assert {
    condition     = output.nat_gateway_count == 0 && output.nat_instance_count == 1 && length(aws_route.private_by_instance) == 3 && length(aws_route.private) == 0
    error_message = "one host for all zones, and no gateway"
  }

  assert {
    condition     = !aws_instance.nat[0].source_dest_check && aws_instance.nat[0].metadata_options[0].http_tokens == "required"
    error_message = "it forwards nothing, or gives its metadata to everybody"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.nat[0].cidr_ipv4 == var.cidr_block && aws_vpc_security_group_ingress_rule.nat[0].to_port == 443
    error_message = "somebody from outside comes in"
  }
}

run "one_nat_gateway" {
  command = plan

  variables {
    nat                 = "single"
    interface_endpoints = []
  }

  assert {
    condition     = output.nat_gateway_count == 1 && length(aws_route.private) == 3 && output.interface_endpoint_count == 0
    error_message = "one gateway serves all private subnets"
  }

  assert {
    condition     = length(setintersection([for s in aws_subnet.public : s.cidr_block], [for s in aws_subnet.private : s.cidr_block])) == 0
    error_message = "public and private subnets overlap"
  }
}

run "a_gateway_in_each_zone" {
  command = plan

  variables {
    nat      = "per_az"
    az_count = 2
  }

  assert {
    condition     = output.nat_gateway_count == 2 && output.interface_endpoint_count == 32
    error_message = "two zones have two gateways, and each endpoint twice"
  }
}

run "disabled_makes_nothing" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition = length(concat(
      aws_vpc.this[*], values(aws_subnet.private), values(aws_subnet.public), values(aws_vpc_endpoint.interface), aws_vpc_endpoint.s3[*],
      values(aws_nat_gateway.this), aws_flow_log.this[*], aws_iam_role.flow[*], aws_security_group.jobs[*], aws_security_group.endpoints[*],
    )) == 0
    error_message = "a disabled module makes something"
  }

  assert {
    condition     = output.vpc_id == null && output.private_addresses == 0
    error_message = "a disabled module has outputs"
  }
}

run "too_small_for_its_jobs" {
  command = plan

  variables {
    cidr_block = "10.20.0.0/20"
  }

  expect_failures = [var.max_jobs]
}

run "a_block_that_is_none" {
  command = plan

  variables {
    cidr_block = "10.20.0.0/8"
    max_jobs   = 10
  }

  expect_failures = [var.cidr_block]
}

run "no_way_to_the_registry" {
  command = plan

  variables {
    interface_endpoints = ["logs"]
  }

  expect_failures = [var.interface_endpoints]
}

run "a_name_that_buckets_refuse" {
  command = plan

  variables {
    name = "Plate_Runner"
  }

  expect_failures = [var.name]
}

run "zones_by_name" {
  command = plan

  variables {
    az_count = 2
    zones    = ["eu-west-1c", "eu-west-1a"]
  }

  assert {
    condition     = aws_subnet.private["eu-west-1c"].cidr_block == "10.20.0.0/18" && aws_subnet.private["eu-west-1a"].cidr_block == "10.20.64.0/18"
    error_message = "zones are taken in the order in which they are named"
  }
}

run "one_zone_too_few" {
  command = plan

  variables {
    zones = ["eu-west-1c", "eu-west-1a"]
  }

  expect_failures = [var.zones]
}

run "unknown_way_out" {
  command = plan

  variables {
    nat = "public"
  }

  expect_failures = [var.nat]
}

run "mail_without_the_internet" {
  command = plan

  variables {
    nat       = "none"
    smtp_port = 587
  }

  assert {
    condition     = contains(keys(aws_vpc_endpoint.interface), "email-smtp") && aws_vpc_security_group_ingress_rule.endpoints_smtp[0].from_port == 587
    error_message = "mail cannot reach SES"
  }
}

run "mail_by_nat" {
  command = plan

  variables {
    nat       = "single"
    smtp_port = 465
  }

  assert {
    condition     = !contains(keys(aws_vpc_endpoint.interface), "email-smtp") && length(aws_vpc_security_group_ingress_rule.endpoints_smtp) == 0
    error_message = "an endpoint is paid for that NAT makes needless"
  }
}

run "mail_at_the_port_that_aws_closes" {
  command = plan

  variables {
    smtp_port = 25
  }

  expect_failures = [var.smtp_port]
}

run "in_a_vpc_that_is_there" {
  command = plan

  variables {
    existing = {
      vpc_id             = "vpc-0123456789abcdef0"
      private_subnet_ids = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
      route_table_ids    = ["rtb-0123456789abcdef0"]
      way_out            = false
    }
    smtp_port = 587
  }

  override_data {
    target = data.aws_vpc.existing
    values = { cidr_block = "172.20.0.0/16" }
  }

  override_data {
    target = data.aws_subnet.existing
    values = { vpc_id = "vpc-0123456789abcdef0", map_public_ip_on_launch = false }
  }

  assert {
    condition = length(concat(
      aws_vpc.this[*], aws_default_security_group.this[*], values(aws_subnet.private), values(aws_subnet.public), values(aws_route_table.private),
      values(aws_nat_gateway.this), aws_internet_gateway.this[*], aws_flow_log.this[*],
    )) == 0
    error_message = "something of the VPC is made, or changed, that belongs to its owner"
  }

  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["email-smtp"]) && output.interface_endpoint_count == 2 && aws_vpc_endpoint.s3[0].route_table_ids == toset(["rtb-0123456789abcdef0"])
    error_message = "endpoints are those that were asked for, and S3's"
  }

  assert {
    condition = alltrue([
      for rule in [aws_vpc_security_group_ingress_rule.endpoints_https[0], aws_vpc_security_group_egress_rule.jobs_otlp[0]] : rule.cidr_ipv4 == "172.20.0.0/16"
    ]) && aws_security_group.jobs[0].vpc_id == "vpc-0123456789abcdef0"
    error_message = "groups are of that VPC, and know its addresses"
  }

  assert {
    condition     = output.private_subnet_ids == tolist(["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]) && !output.way_out
    error_message = "jobs run in the subnets that were named"
  }
}

run "subnets_of_another_vpc_that_are_public" {
  command = plan

  variables {
    existing = {
      vpc_id             = "vpc-0123456789abcdef0"
      private_subnet_ids = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb"]
    }
  }

  override_data {
    target = data.aws_vpc.existing
    values = { cidr_block = "172.20.0.0/16" }
  }

  override_data {
    target = data.aws_subnet.existing
    values = { vpc_id = "vpc-0ffffffffffffffff", map_public_ip_on_launch = true }
  }

  expect_failures = [data.aws_subnet.existing]
}

run "one_subnet_is_too_few" {
  command = plan

  variables {
    existing = { vpc_id = "vpc-0123456789abcdef0", private_subnet_ids = ["subnet-0aaaaaaaaaaaaaaaa"] }
  }

  expect_failures = [var.existing]
}
