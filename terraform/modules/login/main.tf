# A small host inside the VPC, to look at private pages and run commands from. Reached by Session Manager alone: no key,
# no address, no open port; who may start a session is decided by IAM, and each is in CloudTrail.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

data "aws_ssm_parameter" "image" {
  count = var.create ? 1 : 0

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

resource "aws_instance" "this" {
  #checkov:skip=CKV_AWS_126:Detailed monitoring is 2 USD a month for figures that no alarm looks at.
  count = var.create ? 1 : 0

  ami                         = nonsensitive(data.aws_ssm_parameter.image[0].value)
  instance_type               = var.instance_type
  subnet_id                   = var.subnet_id
  vpc_security_group_ids      = [aws_security_group.this[0].id]
  iam_instance_profile        = aws_iam_instance_profile.this[0].name
  associate_public_ip_address = false
  ebs_optimized               = true
  monitoring                  = false # its status is told each minute all the same; other figures, each five, at no price
  tags                        = merge(var.tags, { Name = "${var.name}-login" })

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = var.disk_gib
    encrypted   = true
  }

  # Without them Session Manager does not hear of the host.
  depends_on = [aws_iam_role_policy.this, aws_vpc_security_group_egress_rule.https]

  lifecycle {
    ignore_changes = [ami] # a newer image is taken when the host is made again, not while somebody is on it
  }
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:The host above uses it; checkov does not follow the count.
  count = var.create ? 1 : 0

  name_prefix = "${var.name}-login-"
  description = "Login host: nothing in, HTTPS out"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-login" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  count = var.create ? 1 : 0

  security_group_id = aws_security_group.this[0].id
  description       = "HTTPS to AWS and to Airflow's pages"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}
