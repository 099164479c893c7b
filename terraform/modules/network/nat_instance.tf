# A small host in place of a NAT gateway, which costs ten times as much. It forwards HTTPS and keeps nothing: where it is lost, AWS
# starts it elsewhere, and jobs and Airflow wait for some minutes. S3 goes past it, by its own endpoint.

locals {
  nat_instance_zones = local.makes_vpc && var.nat == "instance" ? slice(local.zones, 0, 1) : []
}

data "aws_ssm_parameter" "nat_image" {
  count = length(local.nat_instance_zones)

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

resource "aws_instance" "nat" {
  #checkov:skip=CKV_AWS_126:Detailed monitoring is 2 USD a month for figures that no alarm looks at.
  #checkov:skip=CKV2_AWS_41:It forwards packets and calls nothing of AWS, so it has no role.
  count = length(local.nat_instance_zones)

  ami                         = nonsensitive(data.aws_ssm_parameter.nat_image[0].value)
  instance_type               = "t4g.nano"
  subnet_id                   = aws_subnet.public[local.nat_instance_zones[0]].id
  vpc_security_group_ids      = [aws_security_group.nat[0].id]
  associate_public_ip_address = false # the address below stays, also with a new host
  source_dest_check           = false # what it forwards is neither from nor to itself
  ebs_optimized               = true
  monitoring                  = false # its status is told each minute all the same; other figures, each five, at no price
  user_data                   = local.nat_user_data
  user_data_replace_on_change = true
  tags                        = merge(var.tags, { Name = "${var.name}-nat" })

  credit_specification {
    cpu_credits = "standard"
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 8
    encrypted   = true
  }

  depends_on = [
    aws_route.public, aws_route_table_association.public, aws_vpc_security_group_ingress_rule.nat, aws_vpc_security_group_egress_rule.nat,
  ]

  lifecycle {
    ignore_changes = [ami] # a newer image is taken when the host is made again: -replace
  }
}

locals {
  # The address comes some seconds after the host, and packages come by it.
  nat_user_data = <<-TEXT
    #!/bin/bash
    until dnf install --assumeyes --quiet nftables; do sleep 10; done
    echo net.ipv4.ip_forward=1 >/etc/sysctl.d/90-nat.conf
    sysctl --load /etc/sysctl.d/90-nat.conf
    cat >/etc/sysconfig/nftables.conf <<EOF
    table ip nat {
      chain postrouting {
        type nat hook postrouting priority srcnat;
        ip saddr ${var.cidr_block} ip daddr != ${var.cidr_block} masquerade
      }
    }
    EOF
    systemctl enable --now nftables
  TEXT
}

resource "aws_eip" "nat_instance" {
  count = length(local.nat_instance_zones)

  domain   = "vpc"
  instance = aws_instance.nat[0].id
  tags     = merge(var.tags, { Name = "${var.name}-nat" })
}

resource "aws_route" "private_by_instance" {
  for_each = { for zone in keys(local.private) : zone => zone if length(local.nat_instance_zones) > 0 }

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  network_interface_id   = aws_instance.nat[0].primary_network_interface_id

  depends_on = [aws_eip.nat_instance]
}

resource "aws_security_group" "nat" {
  #checkov:skip=CKV2_AWS_5:The host above uses it; checkov does not follow the count.
  count = length(local.nat_instance_zones)

  name_prefix = "${var.name}-nat-"
  description = "Host in place of a NAT gateway: HTTPS from the VPC, HTTPS out"
  vpc_id      = aws_vpc.this[0].id
  tags        = merge(var.tags, { Name = "${var.name}-nat" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "nat" {
  count = length(local.nat_instance_zones)

  security_group_id = aws_security_group.nat[0].id
  description       = "HTTPS from the VPC, to be forwarded"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = local.cidr_block
}

resource "aws_vpc_security_group_egress_rule" "nat" {
  count = length(local.nat_instance_zones)

  security_group_id = aws_security_group.nat[0].id
  description       = "HTTPS to AWS and to the internet"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

# A machine that AWS lost is started elsewhere, with its address.
resource "aws_cloudwatch_metric_alarm" "nat" {
  count = length(local.nat_instance_zones)

  alarm_name          = "${var.name}-nat-lost"
  alarm_description   = "AWS lost the machine under the way to the internet, and starts it elsewhere. If jobs and Airflow do not come back, replace aws_instance.nat."
  namespace           = "AWS/EC2"
  metric_name         = "StatusCheckFailed_System"
  dimensions          = { InstanceId = aws_instance.nat[0].id }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  alarm_actions       = ["arn:${data.aws_partition.this.partition}:automate:${data.aws_region.this.region}:ec2:recover"]
  tags                = var.tags
}
