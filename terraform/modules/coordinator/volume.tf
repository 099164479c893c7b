# What is kept: database, secrets, passwords of the pages, logs of tasks. It outlives the host, and a snapshot of it is taken each
# day. A snapshot is of one moment of the whole volume, from which PostgreSQL starts as after a loss of power.

# A volume and its host are in one zone.
data "aws_subnet" "this" {
  count = var.create ? 1 : 0

  id = var.subnet_id
}

resource "aws_ebs_volume" "this" {
  #checkov:skip=CKV2_AWS_9:The lifecycle policy below takes a snapshot of it each day.
  count = var.create ? 1 : 0

  availability_zone = data.aws_subnet.this[0].availability_zone
  type              = "gp3"
  size              = var.disk_gib
  encrypted         = true
  kms_key_id        = var.kms_key_arn
  snapshot_id       = var.snapshot_id
  tags              = merge(var.tags, { Name = "${var.name}-coordinator", (local.snapshot_tag) = var.name })

  lifecycle {
    prevent_destroy = true
    # Where it is and what it was made of is so once and for all; a subnet that is not known yet must not make it anew.
    ignore_changes = [availability_zone, snapshot_id]
  }
}

resource "aws_volume_attachment" "this" {
  count = var.create ? 1 : 0

  device_name                    = "/dev/sdf"
  volume_id                      = aws_ebs_volume.this[0].id
  instance_id                    = aws_instance.this[0].id
  stop_instance_before_detaching = true # the database ends in order
}

resource "aws_dlm_lifecycle_policy" "this" {
  count = var.create ? 1 : 0

  description        = "Airflow of ${var.name}: a snapshot a day"
  execution_role_arn = aws_iam_role.snapshots[0].arn
  state              = "ENABLED"
  tags               = var.tags

  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { (local.snapshot_tag) = var.name }

    schedule {
      name      = "daily"
      copy_tags = true

      create_rule {
        interval      = 24
        interval_unit = "HOURS"
        times         = ["02:00"]
      }

      retain_rule {
        count = var.snapshots
      }
    }
  }

  depends_on = [aws_iam_role_policy.snapshots]
}
