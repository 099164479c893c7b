# All modules, put together. Environments differ by what they hand in here, and by nothing else.

locals {
  # On every resource; on jobs too, where IAM and cost reports go by it.
  tags = merge(var.tags, { "platerunner:environment" = var.name })

  data_place = { bucket = module.storage.bucket_names["data"], prefix = var.storage.data_prefix }
  # Built of names, since observability comes after Airflow.
  telemetry = var.collector_image == null ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT = "http://collector.${var.name}.internal:4318" }
  # Jobs name a share exactly where the queues want one.
  fair_share = var.fair_share.enabled ? var.fair_share.by : "none"
  work_place = { bucket = module.storage.bucket_names["results"], prefix = var.storage.workspace_prefix }
}

module "storage" {
  source = "../storage"

  name            = var.name
  noncurrent_days = var.storage.noncurrent_days
  archive         = var.storage.archive
  tags            = local.tags
}

module "network" {
  source = "../network"

  name                = var.name
  cidr_block          = var.network.cidr_block
  az_count            = var.network.az_count
  zones               = var.network.zones
  max_jobs            = var.network.max_jobs
  nat                 = var.network.nat
  interface_endpoints = var.network.interface_endpoints
  kms_key_arn         = module.storage.kms_key_arn
  tags                = local.tags
}

module "registry" {
  source = "../registry"

  name         = var.name
  repositories = var.images.repositories
  pull_through = var.images.pull_through
  kms_key_arn  = module.storage.kms_key_arn
  tags         = local.tags
}

module "batch" {
  source = "../batch"

  name               = var.name
  subnet_ids         = module.network.private_subnet_ids
  security_group_ids = [module.network.jobs_security_group_id]
  capacities         = var.capacities
  disk               = { size_gib = var.disk_gib }
  fair_share         = var.fair_share
  data               = [{ bucket_arn = module.storage.bucket_arns["data"], prefix = var.storage.data_prefix }]
  workspace          = { bucket_arn = module.storage.bucket_arns["results"], prefix = var.storage.workspace_prefix }
  kms_key_arn        = module.storage.kms_key_arn
  repository_arns    = [module.registry.repository_arn_pattern]
  secret_arns        = values(var.airflow.job_secrets)
  log_retention_days = var.log_retention_days
  tags               = local.tags
}

module "events" {
  source = "../events"

  create      = var.arrivals != null
  name        = var.name
  bucket_name = module.storage.bucket_names["data"]
  prefix      = "${var.storage.data_prefix}/"
  suffixes    = coalesce(var.arrivals, [])
  tags        = local.tags
}

module "mwaa" {
  source = "../mwaa"

  name               = var.name
  airflow_version    = var.airflow.version
  environment_class  = var.airflow.class
  workers            = var.airflow.workers
  schedulers         = var.airflow.schedulers
  webservers         = var.airflow.webservers
  web_access         = var.airflow.web_access
  web_cidr_blocks    = distinct(concat(var.airflow.web_cidr_blocks, var.login_host ? [var.network.cidr_block] : []))
  airflow_options    = var.airflow.options
  bundle_dir         = var.airflow.bundle_dir
  uploaded           = var.airflow.uploaded
  vpc_id             = module.network.vpc_id
  subnet_ids         = slice(module.network.private_subnet_ids, 0, 2)
  bucket             = { name = module.storage.bucket_names["airflow"], arn = module.storage.bucket_arns["airflow"] }
  data               = [local.data_place]
  workspace          = local.work_place
  image_patterns     = concat(["${module.registry.registry}/*"], var.images.elsewhere)
  arrival_queue_arn  = module.events.queue_arn
  kms_key_arn        = module.storage.kms_key_arn
  log_retention_days = var.log_retention_days
  tags               = local.tags

  connection = {
    # A connection knows spot and on_demand. Airflow may submit to the optional queues too, by a second connection.
    queues         = { for key in ["spot", "on_demand"] : key => module.batch.queue_names[key] }
    queue_arns     = module.batch.queue_arns
    registry       = module.registry.registry
    log_group      = module.batch.log_group_name
    job_role       = module.batch.job_role_arn
    execution_role = module.batch.execution_role_arn
    upload_queue   = var.arrivals == null ? "" : module.events.queue_url
    on_clear       = var.airflow.on_clear
    fair_share     = local.fair_share
    environment    = merge(local.telemetry, var.airflow.job_environment)
    secrets        = var.airflow.job_secrets
    tags           = local.tags
  }
}

module "observability" {
  source = "../observability"

  name                   = var.name
  queue_arns             = module.batch.queue_arns
  jobs_log_group_name    = module.batch.log_group_name
  mwaa_name              = var.name
  dead_letter_queue_name = var.arrivals == null ? null : "${var.name}-arrivals-dead"
  emails                 = var.emails
  failed_jobs_per_hour   = var.airflow.max_hourly_fails
  collector = var.collector_image == null ? null : {
    image           = var.collector_image
    vpc_id          = module.network.vpc_id
    vpc_cidr_block  = var.network.cidr_block
    subnet_ids      = module.network.private_subnet_ids
    repository_arns = [module.registry.repository_arn_pattern]
  }
  log_retention_days = var.log_retention_days
  kms_key_arn        = module.storage.kms_key_arn
  tags               = local.tags
}

module "budget" {
  source = "../budget"

  name            = var.name
  limit_usd       = var.budget.limit_usd
  warn_percent    = var.budget.warn_percent
  cost_tag        = var.budget.cost_tag
  queue_arns      = module.batch.queue_arns
  alert_topic_arn = module.observability.alert_topic_arn
  emails          = var.emails
  kms_key_arn     = module.storage.kms_key_arn
  tags            = local.tags
}

module "login" {
  source = "../login"

  create      = var.login_host
  name        = var.name
  vpc_id      = module.network.vpc_id
  subnet_id   = module.network.private_subnet_ids[0]
  kms_key_arn = module.storage.kms_key_arn
  tags        = local.tags
}
