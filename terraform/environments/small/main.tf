# For a lab without MWAA: Airflow on a small host of its own, another in place of a NAT gateway, few cores, a low limit.

locals {
  tags = { Project = "platerunner", CostCentre = var.cost_centre, ManagedBy = "terraform", "platerunner:environment" = var.name }
}

module "stack" {
  source = "../../modules/stack"

  name               = var.name
  emails             = var.emails
  arrivals           = var.arrivals
  telemetry          = var.telemetry
  log_retention_days = 30
  tags               = local.tags

  network = {
    cidr_block = "10.40.0.0/18"
    az_count   = 2
    max_jobs   = 1000
    nat        = "instance"
    # By one host everything but S3 reaches AWS; a gateway or endpoints would cost more than all the rest.
    interface_endpoints = []
    existing            = var.vpc
    zones               = var.zones
    flow_log_days       = var.flow_log_days
    read_buckets        = var.read_buckets
  }

  storage = {
    noncurrent_days = 7
    archive         = var.archive
    copy            = var.copy
  }

  audit  = var.audit
  backup = var.backup

  disk_gib = 200

  capacities = merge(var.more_queues, {
    spot = {
      type           = "SPOT"
      max_vcpus      = var.size.spot_vcpus
      instance_types = ["r7i", "r7a", "r6i", "r6a", "r5", "m7i", "m6i", "m6a"]
    }
    on_demand = {
      type           = "EC2"
      max_vcpus      = var.size.on_demand_vcpus
      instance_types = ["r7i", "r6i", "m7i", "m6i"]
    }
  })

  coordinator = {
    create        = true
    instance_type = var.size.instance_type
    parallelism   = var.size.parallelism
    disk_gib      = var.size.disk_gib
    release       = var.release
    image_id      = var.image_id
    snapshots     = var.snapshots
    snapshot_id   = var.snapshot_id
    users         = var.users
  }

  ledger = {
    max_gib_per_query = 10
    asked_by          = var.ledger_asked_by
  }

  data_role_arns = var.data_role_arns
  shell          = var.shell
  fast_storage   = var.fast_storage

  access = {
    people = var.people
    ci = var.ci == null ? null : {
      repository        = var.ci.repository
      oidc_provider_arn = var.ci.oidc_provider_arn
      state_bucket      = var.ci.state_bucket
      environment       = "small"
    }
  }

  budget = {
    limit_usd = var.monthly_limit_usd
    cost_tag  = var.cost_tag_active ? { key = "platerunner:environment", value = var.name } : null
  }
}
