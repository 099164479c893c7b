# AWS's services without the internet. S3's endpoint is free; the others cost by the hour.

resource "aws_vpc_endpoint" "s3" {
  count = local.makes_vpc || length(local.route_tables) > 0 ? 1 : 0

  vpc_id            = local.vpc_id
  service_name      = "com.amazonaws.${data.aws_region.this.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = local.route_tables
  policy            = local.makes_vpc ? local.s3_policy : null
  tags              = merge(var.tags, { Name = "${var.name}-s3" })
}

locals {
  smtp_endpoint = var.smtp_port != null && !local.way_out ? ["email-smtp"] : []
  # Where there is a way out, these few calls go by it.
  more_endpoints = local.makes_vpc && !local.way_out && var.interface_endpoints == null ? setunion(["ec2"], var.more_endpoints) : []
  # In a VPC that is there already, a second endpoint for a service would be refused: its owner names those that are missing.
  interface_endpoints = setunion(coalesce(var.interface_endpoints, var.existing == null ? local.all_endpoints : []), local.smtp_endpoint, local.more_endpoints)
  all_endpoints = [
    "airflow.api", "airflow.env", "airflow.ops", "batch", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry",
    "kms", "logs", "monitoring", "secretsmanager", "sns", "sqs", "sts",
  ]
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.create ? local.interface_endpoints : []

  vpc_id              = local.vpc_id
  service_name        = "com.amazonaws.${data.aws_region.this.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = local.private_subnet_ids
  security_group_ids  = [aws_security_group.endpoints[0].id]
  policy              = local.makes_vpc ? lookup(local.endpoint_policies, each.key, null) : null
  tags                = merge(var.tags, { Name = "${var.name}-${each.key}" })
}
