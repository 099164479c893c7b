# To try pipelines: the smallest Airflow, one NAT gateway in place of endpoints, few cores, a low limit.

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
    cidr_block = "10.30.0.0/18"
    az_count   = 2
    max_jobs   = 1000
    nat        = "single"
    # By one NAT gateway everything reaches AWS; endpoints would cost more than dev's traffic.
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
      max_vcpus      = 64
      instance_types = ["r7i", "r7a", "r6i", "r6a", "r5", "m7i", "m6i", "m6a"]
    }
    on_demand = {
      type           = "EC2"
      max_vcpus      = 16
      instance_types = ["r7i", "r6i", "m7i", "m6i"]
    }
  })

  airflow = {
    class           = "mw1.micro"
    workers         = { min = 1, max = 1 }
    schedulers      = 1
    webservers      = { min = 1, max = 1 }
    web_access      = var.web_access
    web_cidr_blocks = var.web_cidr_blocks
    bundle_dir      = var.bundle_dir
    uploaded        = var.uploaded
  }

  login_host = var.login_host

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
      environment       = "dev"
    }
  }

  budget = {
    limit_usd = var.monthly_limit_usd
    cost_tag  = var.cost_tag_active ? { key = "platerunner:environment", value = var.name } : null
  }
}
