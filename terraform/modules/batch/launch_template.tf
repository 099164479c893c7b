# The hosts: an encrypted disk of a size that images fit on, and metadata that only the host itself can read. Queues whose
# hosts have a disk of their own size have a template of their own.

locals {
  disks = merge(
    { for key in ["hosts"] : key => var.disk.size_gib if length(local.hosts) > 0 },
    { for key, host in local.hosts : key => host.disk_gib if host.disk_gib != null },
  )
}

moved {
  from = aws_launch_template.this[0]
  to   = aws_launch_template.this["hosts"]
}

resource "aws_launch_template" "this" {
  for_each = local.disks

  name_prefix            = "${var.name}-"
  description            = "Hosts of ${var.name}'s Batch jobs"
  update_default_version = true
  user_data              = base64encode(var.mounts_lustre ? replace(local.user_data, local.end, "${local.lustre}${local.end}") : local.user_data)
  tags                   = var.tags

  block_device_mappings {
    device_name = "/dev/xvda" # root of Amazon Linux 2023 for ECS, where containers write too

    ebs {
      volume_type           = "gp3"
      volume_size           = each.value
      iops                  = var.disk.iops
      throughput            = var.disk.throughput
      encrypted             = true # with the account's EBS key: Auto Scaling would need a grant on another
      delete_on_termination = true
    }
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  monitoring {
    enabled = true
  }

  tag_specifications {
    resource_type = "volume"
    tags          = merge(var.tags, { Name = var.name })
  }

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  # Draining passes SIGTERM to containers when a spot host is taken back; they then save what they know.
  # With the override the execution role writes a job's log, and the host's role only those of jobs without one.
  user_data = <<-TEXT
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary="==PLATERUNNER=="

    --==PLATERUNNER==
    Content-Type: text/x-shellscript; charset="us-ascii"

    #!/bin/sh
    cat >>/etc/ecs/ecs.config <<EOF
    ECS_ENABLE_SPOT_INSTANCE_DRAINING=true
    ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true
    ECS_IMAGE_PULL_BEHAVIOR=prefer-cached
    ECS_CONTAINER_STOP_TIMEOUT=110s
    EOF

    --==PLATERUNNER==--
  TEXT

  # AWS Batch mounts no Lustre, and file systems of runs are younger than hosts: autofs mounts /fsx/<id>.<mount name> once a
  # container's volume is looked for there, and lets go of it later.
  end    = "\n--==PLATERUNNER==--"
  lustre = <<-TEXT
    dnf install -y lustre-client autofs
    cat >/etc/auto.platerunner <<'EOF'
    #!/bin/sh
    echo "-fstype=lustre,ro,noatime,flock $${1%.*}.fsx.${local.region}.amazonaws.com@tcp:/$${1##*.}"
    EOF
    chmod 755 /etc/auto.platerunner
    echo '/fsx /etc/auto.platerunner --timeout=600' >/etc/auto.master.d/platerunner.autofs
    systemctl enable --now autofs
  TEXT
}
