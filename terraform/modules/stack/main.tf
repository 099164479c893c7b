# All modules, put together. Environments differ by what they hand in here, and by nothing else.

locals {
  # On every resource; on jobs too, where IAM and cost reports go by it.
  tags = merge(var.tags, { "platerunner:environment" = var.name })

  data_place = { bucket = module.storage.bucket_names["data"], prefix = var.storage.data_prefix }
  # Built of names, since observability comes after Airflow.
  telemetry = var.telemetry == null ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT = "http://collector.${var.name}.internal:4318" }
  # Jobs name a share exactly where the queues want one.
  fair_share = var.fair_share.enabled ? var.fair_share.by : "none"
  # Beside the workspaces, where Airflow may write; no pipeline's name begins so.
  ledger_url = "s3://${module.storage.bucket_names["results"]}/${var.storage.workspace_prefix}/_ledger"
  work_place = { bucket = module.storage.bucket_names["results"], prefix = var.storage.workspace_prefix }
  # Airflow runs on MWAA, or on a host of ours: by the same rights and with the same connection.
  on_mwaa          = !var.coordinator.create
  airflow_role_arn = local.on_mwaa ? module.mwaa.role_arn : module.coordinator.role_arn
}

module "storage" {
  source = "../storage"

  name            = var.name
  noncurrent_days = var.storage.noncurrent_days
  archive         = var.storage.archive
  copy            = var.storage.copy
  fast_storage    = var.fast_storage
  trail_name      = var.audit != null && try(var.audit.log_group_name, null) == null ? var.name : null
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
  existing            = var.network.existing
  smtp_port           = var.airflow.smtp_port
  # Sessions at a host, shells in jobs, and traces of a collector that has no target of its own.
  more_endpoints          = concat(var.login_host ? ["ssm", "ssmmessages"] : [], var.shell ? ["ssmmessages"] : [], var.telemetry == null ? [] : ["xray"])
  read_buckets            = var.network.read_buckets
  data_role_arns          = var.data_role_arns
  flow_log_retention_days = var.network.flow_log_days
  kms_key_arn             = module.storage.kms_key_arn
  tags                    = local.tags
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
  mounts_lustre      = var.fast_storage
  drain_minutes      = var.drain_minutes
  fair_share         = var.fair_share
  data               = [{ bucket_arn = module.storage.bucket_arns["data"], prefix = var.storage.data_prefix }]
  workspace          = { bucket_arn = module.storage.bucket_arns["results"], prefix = var.storage.workspace_prefix }
  kms_key_arn        = module.storage.kms_key_arn
  repository_arns    = [module.registry.repository_arn_pattern]
  cache_arns         = module.registry.cache_arn_patterns
  secret_arns        = values(var.airflow.job_secrets)
  shell              = var.shell
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

  create             = local.on_mwaa
  name               = var.name
  airflow_version    = var.airflow.version
  environment_class  = var.airflow.class
  workers            = var.airflow.workers
  schedulers         = var.airflow.schedulers
  webservers         = var.airflow.webservers
  web_access         = var.airflow.web_access
  web_cidr_blocks    = distinct(concat(var.airflow.web_cidr_blocks, var.login_host ? [module.network.cidr_block] : []))
  airflow_options    = var.airflow.options
  bundle_dir         = var.airflow.bundle_dir
  way_out            = module.network.way_out
  uploaded           = var.airflow.uploaded
  vpc_id             = module.network.vpc_id
  subnet_ids         = slice(module.network.private_subnet_ids, 0, 2)
  bucket             = { name = module.storage.bucket_names["airflow"], arn = module.storage.bucket_arns["airflow"] }
  data               = [local.data_place]
  workspace          = local.work_place
  image_patterns     = concat(["${module.registry.registry}/*"], var.images.elsewhere)
  arrival_queue_arn  = module.events.queue_arn
  smtp_port          = var.airflow.smtp_port
  notify_topic_arns  = concat([module.observability.alert_topic_arn], var.airflow.notify_topics)
  kms_key_arn        = module.storage.kms_key_arn
  log_retention_days = var.log_retention_days
  tags               = local.tags

  connection = {
    # The optional ones, too: gpu and fargate are pools, and to spot_large goes what needs more disk than spot has.
    queues         = module.batch.queue_names
    queue_arns     = module.batch.queue_arns
    registry       = module.registry.registry
    log_group      = module.batch.log_group_name
    job_role       = module.batch.job_role_arn
    execution_role = module.batch.execution_role_arn
    upload_queue   = var.arrivals == null ? "" : module.events.queue_url
    on_clear       = var.airflow.on_clear
    fair_share     = local.fair_share
    # What images and the system take is not for jobs.
    host_disk   = { for key, size in module.batch.host_disk_gib : key => "${size - 30} GiB" }
    ledger      = local.ledger_url
    storage     = local.storage_network
    environment = merge(local.telemetry, var.airflow.job_environment)
    secrets     = var.airflow.job_secrets
    shell       = var.shell
    tags        = local.tags
  }
}

module "coordinator" {
  source = "../coordinator"

  create             = !local.on_mwaa
  name               = var.name
  airflow_version    = var.airflow.version
  instance_type      = var.coordinator.instance_type
  parallelism        = var.coordinator.parallelism
  release            = var.coordinator.release
  image_id           = var.coordinator.image_id
  disk_gib           = var.coordinator.disk_gib
  snapshots          = var.coordinator.snapshots
  snapshot_id        = var.coordinator.snapshot_id
  users              = var.coordinator.users
  vpc_id             = module.network.vpc_id
  subnet_id          = module.network.private_subnet_ids[0]
  way_out            = module.network.way_out
  bucket             = { name = module.storage.bucket_names["airflow"], arn = module.storage.bucket_arns["airflow"] }
  connection         = module.mwaa.connection
  run_policies       = module.mwaa.run_policies
  alert_topic_arn    = module.observability.alert_topic_arn
  kms_key_arn        = module.storage.kms_key_arn
  log_retention_days = var.log_retention_days
  tags               = local.tags
}

module "observability" {
  source = "../observability"

  name                   = var.name
  queue_arns             = module.batch.queue_arns
  jobs_log_group_name    = module.batch.log_group_name
  mwaa_name              = local.on_mwaa ? var.name : null
  dead_letter_queue_name = var.arrivals == null ? null : "${var.name}-arrivals-dead"
  emails                 = var.emails
  failed_jobs_per_hour   = var.airflow.max_hourly_fails
  collector = var.telemetry == null ? null : {
    image                    = var.telemetry.collector_image
    target                   = var.telemetry.target
    authorization_secret_arn = var.telemetry.authorization_secret_arn
    vpc_id                   = module.network.vpc_id
    vpc_cidr_block           = module.network.cidr_block
    subnet_ids               = module.network.private_subnet_ids
    repository_arns          = [module.registry.repository_arn_pattern]
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
  state_parameter = module.batch.queue_state_parameter
  alert_topic_arn = module.observability.alert_topic_arn
  emails          = var.emails
  kms_key_arn     = module.storage.kms_key_arn
  tags            = local.tags
}

module "safety" {
  source = "../safety"

  name            = var.name
  audit           = var.audit
  backup          = var.backup
  log_bucket_name = module.storage.log_bucket_name
  bucket_arns     = values(module.storage.bucket_arns)
  backup_arns     = [module.storage.bucket_arns["results"]]
  copies          = module.storage.copies
  job_role_name   = reverse(split("/", module.batch.job_role_arn))[0]
  alert_topic_arn = module.observability.alert_topic_arn
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

module "ledger" {
  source = "../ledger"

  create            = var.ledger.athena
  name              = var.name
  ledger_url        = local.ledger_url
  first_day         = var.ledger.first_day
  max_gib_per_query = var.ledger.max_gib_per_query
  asked_by          = var.ledger.asked_by
  kms_key_arn       = module.storage.kms_key_arn
  tags              = local.tags
}

module "access" {
  source = "../access"

  name               = var.name
  people             = var.access.people
  ci                 = var.access.ci
  data               = local.data_place
  workspace          = local.work_place
  airflow_bucket_arn = module.storage.bucket_arns["airflow"]
  airflow_role_arn   = local.airflow_role_arn
  on_mwaa            = local.on_mwaa
  run_policies       = module.mwaa.run_policies
  queue_arns         = values(module.batch.queue_arns)
  switch_arn         = module.budget.state_machine_arn
  shell              = var.shell
  kms_key_arn        = module.storage.kms_key_arn
  tags               = local.tags
}
