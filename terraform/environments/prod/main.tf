# For plates that count: endpoints to AWS, room for 10,000 jobs, an Airflow that survives the loss of a zone.

locals {
  tags = { Project = "platerunner", CostCentre = var.cost_centre, ManagedBy = "terraform", "platerunner:environment" = var.name }
}

module "stack" {
  source = "../../modules/stack"

  name               = var.name
  emails             = var.emails
  arrivals           = var.arrivals
  log_retention_days = 90
  tags               = local.tags

  network = {
    cidr_block = "10.20.0.0/16"
    az_count   = 3
    max_jobs   = 10000
    # For Airflow's requirements alone; jobs and everything else reach AWS by the endpoints.
    nat = var.nat
  }

  storage = {
    noncurrent_days = 30
  }

  disk_gib = 500

  capacities = {
    spot = {
      type           = "SPOT"
      max_vcpus      = 2048
      instance_types = ["r7i", "r7a", "r6i", "r6a", "r5", "m7i", "m6i", "m6a"]
    }
    on_demand = {
      type           = "EC2"
      max_vcpus      = 256
      instance_types = ["r7i", "r6i", "m7i", "m6i"]
    }
  }

  airflow = {
    class           = "mw1.medium"
    workers         = { min = 2, max = 10 }
    web_cidr_blocks = var.web_cidr_blocks
    bundle_dir      = var.bundle_dir
    uploaded        = var.uploaded
  }

  budget = {
    limit_usd = var.monthly_limit_usd
    cost_tag  = var.cost_tag_active ? { key = "platerunner:environment", value = var.name } : null
  }
}
