# Queues keep their names forever, and the compute environments behind them change in place: Batch starts new hosts and
# lets the jobs on the old ones end.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account    = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition
  region     = data.aws_region.this.region
  log_group  = "/aws/batch/${var.name}"
  capacities = var.create ? var.capacities : {}
  hosts      = { for key, capacity in local.capacities : key => capacity if !startswith(capacity.type, "FARGATE") }
  strategies = { SPOT = "SPOT_PRICE_CAPACITY_OPTIMIZED", EC2 = "BEST_FIT_PROGRESSIVE" }
}

resource "aws_batch_compute_environment" "this" {
  for_each = local.capacities

  name_prefix = "${var.name}-${replace(each.key, "_", "-")}-"
  type        = "MANAGED"
  state       = aws_ssm_parameter.queue_state[0].insecure_value
  tags        = var.tags
  # No service_role: Batch then uses its service-linked role, which nobody has to grant or maintain.

  compute_resources {
    type                = each.value.type
    max_vcpus           = each.value.max_vcpus
    min_vcpus           = contains(keys(local.hosts), each.key) ? 0 : null
    subnets             = var.subnet_ids
    security_group_ids  = var.security_group_ids
    instance_type       = contains(keys(local.hosts), each.key) ? each.value.instance_types : null
    allocation_strategy = lookup(local.strategies, each.value.type, null)
    instance_role       = contains(keys(local.hosts), each.key) ? aws_iam_instance_profile.host[0].arn : null
    tags                = contains(keys(local.hosts), each.key) ? merge(var.tags, { Name = "${var.name}-${each.key}" }) : null

    dynamic "ec2_configuration" {
      for_each = contains(keys(local.hosts), each.key) ? [each.value.image_type] : []

      content {
        image_type        = ec2_configuration.value
        image_id_override = local.image_ids[each.key]
      }
    }

    dynamic "launch_template" {
      for_each = contains(keys(local.hosts), each.key) ? [aws_launch_template.this[contains(keys(local.disks), each.key) ? each.key : "hosts"]] : []

      content {
        launch_template_id = launch_template.value.id
        version            = launch_template.value.latest_version
      }
    }
  }

  # New hosts take new jobs at once; those on old hosts have this long to end.
  dynamic "update_policy" {
    for_each = contains(keys(local.hosts), each.key) ? [var.drain_minutes] : []

    content {
      terminate_jobs_on_update      = false
      job_execution_timeout_minutes = update_policy.value
    }
  }

  lifecycle {
    create_before_destroy = true
    # Whoever closed it by hand shall find it closed. What is made anew follows the switch (switch.tf).
    ignore_changes = [state]
  }

  # Hosts that come up before their role may do its work never join, and Batch calls the environment invalid.
  depends_on = [aws_iam_role_policy.host]
}

# Batch never adds a scheduling policy to a queue, or takes it away: a queue that should, is made again.
resource "terraform_data" "scheduling" {
  count = var.create ? 1 : 0

  input = var.fair_share.enabled
}

resource "aws_batch_job_queue" "this" {
  for_each = local.capacities

  name                  = "${var.name}-${replace(each.key, "_", "-")}"
  state                 = aws_ssm_parameter.queue_state[0].insecure_value
  priority              = each.value.priority
  scheduling_policy_arn = one(aws_batch_scheduling_policy.this[*].arn)
  tags                  = var.tags

  compute_environment_order {
    order               = 1
    compute_environment = aws_batch_compute_environment.this[each.key].arn
  }

  lifecycle {
    replace_triggered_by = [terraform_data.scheduling[0]]
    ignore_changes       = [state] # as above
  }
}

resource "aws_batch_scheduling_policy" "this" {
  count = var.create && var.fair_share.enabled ? 1 : 0

  name = "${var.name}-fair-share"
  tags = var.tags

  fair_share_policy {
    compute_reservation = var.fair_share.compute_reservation
    share_decay_seconds = var.fair_share.decay_seconds

    dynamic "share_distribution" {
      for_each = var.fair_share.weights

      content {
        share_identifier = share_distribution.key
        weight_factor    = share_distribution.value
      }
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:Units' logs are in the workspace for good; a year of them in CloudWatch costs more than it helps.
  count = var.create ? 1 : 0

  name              = local.log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}
