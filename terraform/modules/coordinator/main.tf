# Airflow on a host of our own, for a lab without MWAA: the same bundle, the same connection, the same rights. Reached by Session
# Manager alone: no key, no public address, no open port. All that is kept is on a volume that outlives the host (volume.tf).

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

data "aws_ssm_parameter" "image" {
  count = var.create && var.image_id == null ? 1 : 0

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region
  namespace = "Platerunner/${var.name}/coordinator"

  settings = {
    parallelism = var.parallelism
    region      = local.region
    users       = join(",", [for user, role in var.users : "${user}:${role}"])
    backend     = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
    # Connections alone: each look at a variable or an option would be a call that costs time and money.
    backend_kwargs = jsonencode({ connections_prefix = local.connections_prefix, variables_prefix = null, config_prefix = null })
  }

  # Path on the host to what is there.
  files = merge(
    {
      "/etc/platerunner/airflow.env"     = { mode = "644", text = templatefile("${path.module}/host/airflow.env", local.settings) }
      "/etc/platerunner/host.env"        = { mode = "644", text = "BUCKET=${var.bucket.name}\nAIRFLOW_VERSION=${var.airflow_version}\nNAMESPACE=${local.namespace}\nexport AWS_REGION=${local.region}\n" }
      "/etc/tmpfiles.d/platerunner.conf" = { mode = "644", text = templatefile("${path.module}/host/logs.conf", { log_days = var.log_retention_days }) }
    },
    { for name in fileset("${path.module}/host", "*.{service,timer}") : "/etc/systemd/system/${name}" => { mode = "644", text = file("${path.module}/host/${name}") } },
    { for name in ["airflow", "bundle", "health"] : "/usr/local/bin/platerunner-${name}" => { mode = "755", text = file("${path.module}/host/platerunner-${name}") } },
  )
}

# A new word is a new host.
resource "terraform_data" "release" {
  count = var.create ? 1 : 0

  input = var.release
}

resource "aws_instance" "this" {
  #checkov:skip=CKV_AWS_126:Detailed monitoring is 2 USD a month for figures that no alarm looks at.
  count = var.create ? 1 : 0

  ami                         = coalesce(var.image_id, try(nonsensitive(data.aws_ssm_parameter.image[0].value), null))
  instance_type               = var.instance_type
  subnet_id                   = var.subnet_id
  vpc_security_group_ids      = [aws_security_group.this[0].id]
  iam_instance_profile        = aws_iam_instance_profile.this[0].name
  associate_public_ip_address = false
  ebs_optimized               = true
  monitoring                  = false # its status is told each minute all the same; other figures, each five, at no price
  user_data_replace_on_change = true
  tags                        = merge(var.tags, { Name = "${var.name}-coordinator", (local.host_tag) = var.name })

  user_data = templatefile("${path.module}/host/user_data.sh", {
    volume = replace(aws_ebs_volume.this[0].id, "vol-", "vol")
    files  = local.files
  })

  # What is over is waited for, and not paid.
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
    volume_size = 10
    encrypted   = true
  }

  # Without them it neither hears of Session Manager nor finds its connection.
  depends_on = [
    aws_iam_role_policy.this, aws_iam_role_policy.run, aws_vpc_security_group_egress_rule.https, aws_secretsmanager_secret_version.connection,
  ]

  lifecycle {
    ignore_changes       = [ami] # a newer image is taken with a new release, not with whatever apply comes next
    replace_triggered_by = [terraform_data.release]
  }
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:The host above uses it; checkov does not follow the count.
  count = var.create ? 1 : 0

  name_prefix = "${var.name}-coordinator-"
  description = "Host of Airflow: nothing in, HTTPS out"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-coordinator" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  count = var.create ? 1 : 0

  security_group_id = aws_security_group.this[0].id
  description       = "HTTPS to AWS, to PyPI, and to Slack where specs name it"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}
