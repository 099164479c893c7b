# For plates that count: endpoints to AWS, room for 10,000 jobs, an Airflow that survives the loss of a zone.

locals {
  tags = { Project = "platerunner", CostCentre = var.cost_centre, ManagedBy = "terraform", "platerunner:environment" = var.name }
}

module "stack" {
  source = "../../modules/stack"

  name               = var.name
  emails             = var.emails
  arrivals           = var.arrivals
  telemetry          = var.telemetry
  log_retention_days = 90
  tags               = local.tags

  network = {
    cidr_block = var.cidr_block
    az_count   = 3
    max_jobs   = var.size.max_jobs
    # For Airflow's requirements alone; jobs and everything else reach AWS by the endpoints.
    nat           = var.nat
    existing      = var.vpc
    zones         = var.zones
    flow_log_days = var.flow_log_days
    read_buckets  = var.read_buckets
  }

  storage = {
    noncurrent_days = 30
    archive         = var.archive
    copy            = var.copy
  }

  audit  = var.audit
  backup = var.backup

  disk_gib = var.size.disk_gib

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

  airflow = {
    class           = var.size.airflow_class
    workers         = var.size.workers
    web_access      = var.web_access
    web_cidr_blocks = var.web_cidr_blocks
    bundle_dir      = var.bundle_dir
    uploaded        = var.uploaded
  }

  login_host = var.login_host

  ledger = {
    asked_by = var.ledger_asked_by
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
      environment       = var.stage
    }
  }

  budget = {
    limit_usd = var.monthly_limit_usd
    cost_tag  = var.cost_tag_active ? { key = "platerunner:environment", value = var.name } : null
  }
}
