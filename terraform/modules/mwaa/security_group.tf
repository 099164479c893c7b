# MWAA's parts talk to each other inside one group; nobody else comes in but browsers from where the caller says.

resource "aws_security_group" "this" {
  count = var.create ? 1 : 0

  name_prefix = "${var.name}-mwaa-"
  description = "MWAA: itself, and HTTPS out"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-mwaa" })

  lifecycle {
    create_before_destroy = true
  }
}

# MWAA demands that the group lets all of its own traffic through.
resource "aws_vpc_security_group_ingress_rule" "itself" {
  count = var.create ? 1 : 0

  security_group_id            = aws_security_group.this[0].id
  description                  = "MWAA's own parts"
  ip_protocol                  = "-1"
  referenced_security_group_id = aws_security_group.this[0].id
}

resource "aws_vpc_security_group_ingress_rule" "web" {
  for_each = var.create && var.web_access == "PRIVATE_ONLY" ? toset(var.web_cidr_blocks) : []

  security_group_id = aws_security_group.this[0].id
  description       = "Browsers"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.key
}

resource "aws_vpc_security_group_egress_rule" "itself" {
  count = var.create ? 1 : 0

  security_group_id            = aws_security_group.this[0].id
  description                  = "MWAA's own parts, its database among them"
  ip_protocol                  = "-1"
  referenced_security_group_id = aws_security_group.this[0].id
}

# S3's gateway endpoint is reached at public addresses, so the rule cannot name the VPC's alone.
resource "aws_vpc_security_group_egress_rule" "https" {
  count = var.create ? 1 : 0

  security_group_id = aws_security_group.this[0].id
  description       = "HTTPS to AWS and, with NAT, to the internet"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

# For notifications by mail. Where a mail server of the lab's is, no rule can know.
resource "aws_vpc_security_group_egress_rule" "smtp" {
  count = var.create && var.smtp_port != null ? 1 : 0

  security_group_id = aws_security_group.this[0].id
  description       = "Mail, to SES or, with NAT, to a server on the internet"
  ip_protocol       = "tcp"
  from_port         = var.smtp_port
  to_port           = var.smtp_port
  cidr_ipv4         = "0.0.0.0/0"
}
