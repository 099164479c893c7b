# The hosts: an encrypted disk of a size that images fit on, and metadata that only the host itself can read.

resource "aws_launch_template" "this" {
  count = length(local.hosts) > 0 ? 1 : 0

  name_prefix            = "${var.name}-"
  description            = "Hosts of ${var.name}'s Batch jobs"
  update_default_version = true
  user_data              = base64encode(local.user_data)
  tags                   = var.tags

  block_device_mappings {
    device_name = "/dev/xvda" # root of Amazon Linux 2023 for ECS, where containers write too

    ebs {
      volume_type           = "gp3"
      volume_size           = var.disk.size_gib
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
}
