# The VPC: private subnets for jobs and MWAA, and public ones only to hold NAT gateways. In a VPC that is there already
# (existing.tf), none of them is made.

data "aws_region" "this" {}
data "aws_partition" "this" {}
data "aws_caller_identity" "this" {}

data "aws_availability_zones" "this" {
  #checkov:skip=CKV_AWS_394:A new zone would come last, as names are sorted; who wants to be sure names them in var.zones.
  state = "available"

  # Local zones know neither MWAA nor most instance families.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  zones = !local.makes_vpc ? [] : length(var.zones) > 0 ? var.zones : slice(data.aws_availability_zones.this.names, 0, var.az_count)
  # Three quarters of the block hold a private subnet each; the fourth is cut into small public ones.
  private   = { for i, zone in local.zones : zone => cidrsubnet(var.cidr_block, 2, i) }
  public    = { for i, zone in local.zones : zone => cidrsubnet(var.cidr_block, 8, 192 + i) if var.nat != "none" }
  nat_zones = contains(["none", "instance"], var.nat) ? [] : var.nat == "single" ? slice(local.zones, 0, min(1, length(local.zones))) : local.zones
}

resource "aws_vpc" "this" {
  count = local.makes_vpc ? 1 : 0

  cidr_block           = var.cidr_block
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(var.tags, { Name = var.name })
}

# Nobody uses the default group, and it lets nothing through.
resource "aws_default_security_group" "this" {
  count = local.makes_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.tags, { Name = "${var.name}-default-closed" })
}

resource "aws_subnet" "private" {
  for_each = local.private

  vpc_id                  = aws_vpc.this[0].id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false
  tags                    = merge(var.tags, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_route_table" "private" {
  for_each = local.private

  vpc_id = aws_vpc.this[0].id
  tags   = merge(var.tags, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_route_table_association" "private" {
  for_each = local.private

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}
