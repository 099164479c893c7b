# A VPC that is there already: IT's own, with its routes, its firewall, its flow log. Made in it: security groups, and what
# endpoints are asked for.

data "aws_vpc" "existing" {
  count = local.uses_vpc ? 1 : 0

  id = var.existing.vpc_id
}

data "aws_subnet" "existing" {
  for_each = toset(local.uses_vpc ? var.existing.private_subnet_ids : [])

  id = each.key

  lifecycle {
    postcondition {
      condition     = self.vpc_id == var.existing.vpc_id
      error_message = "existing.private_subnet_ids: ${each.key} is in another VPC than existing.vpc_id. Name subnets of that VPC."
    }

    postcondition {
      condition     = !self.map_public_ip_on_launch
      error_message = "existing.private_subnet_ids: ${each.key} gives out public addresses. Name private subnets."
    }
  }
}

locals {
  makes_vpc = var.create && var.existing == null
  uses_vpc  = var.create && var.existing != null
  way_out   = var.existing == null ? var.nat != "none" : var.existing.way_out

  vpc_id             = local.uses_vpc ? var.existing.vpc_id : one(aws_vpc.this[*].id)
  cidr_block         = local.uses_vpc ? data.aws_vpc.existing[0].cidr_block : var.cidr_block
  private_subnet_ids = local.uses_vpc ? var.existing.private_subnet_ids : [for zone in local.zones : aws_subnet.private[zone].id]
  route_tables       = local.uses_vpc ? var.existing.route_table_ids : [for table in aws_route_table.private : table.id]
}
