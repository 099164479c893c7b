# Jobs take no connection at all; endpoints take HTTPS from inside the VPC.

resource "aws_security_group" "jobs" {
  #checkov:skip=CKV2_AWS_5:The batch module attaches it to compute environments.
  count = var.create ? 1 : 0

  name_prefix = "${var.name}-jobs-"
  description = "Batch jobs: nothing in, HTTPS out"
  vpc_id      = local.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-jobs" })

  lifecycle {
    create_before_destroy = true
  }
}

# S3's gateway endpoint is reached at public addresses, so the rule cannot name the VPC's alone.
resource "aws_vpc_security_group_egress_rule" "jobs_https" {
  count = var.create ? 1 : 0

  security_group_id = aws_security_group.jobs[0].id
  description       = "HTTPS to AWS and, with NAT, to the internet"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

# Metrics and traces to a collector inside the VPC.
resource "aws_vpc_security_group_egress_rule" "jobs_otlp" {
  count = var.create ? 1 : 0

  security_group_id = aws_security_group.jobs[0].id
  description       = "OTLP to a collector in the VPC"
  ip_protocol       = "tcp"
  from_port         = 4317
  to_port           = 4318
  cidr_ipv4         = local.cidr_block
}

resource "aws_security_group" "endpoints" {
  #checkov:skip=CKV2_AWS_5:The interface endpoints use it; checkov does not follow the for_each.
  count = var.create ? 1 : 0

  name_prefix = "${var.name}-endpoints-"
  description = "Interface endpoints: HTTPS from the VPC"
  vpc_id      = local.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-endpoints" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_https" {
  count = var.create ? 1 : 0

  security_group_id = aws_security_group.endpoints[0].id
  description       = "HTTPS from the VPC"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = local.cidr_block
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_smtp" {
  count = var.create ? length(local.smtp_endpoint) : 0

  security_group_id = aws_security_group.endpoints[0].id
  description       = "Mail from the VPC to SES"
  ip_protocol       = "tcp"
  from_port         = var.smtp_port
  to_port           = var.smtp_port
  cidr_ipv4         = local.cidr_block
}
