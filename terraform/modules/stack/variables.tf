variable "name" {
  description = "Prefix of every name, unique in account and region."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 20 lower case letters, digits and hyphens, and begin with a letter."
  }
}

variable "network" {
  description = "Addresses, zones and ways out; see the network module."
  type = object({
    cidr_block          = optional(string, "10.20.0.0/16")
    az_count            = optional(number, 3)
    zones               = optional(list(string), [])
    max_jobs            = optional(number, 10000)
    nat                 = optional(string, "none")
    interface_endpoints = optional(set(string))
    read_buckets        = optional(set(string), ["cellpainting-gallery"])
    flow_log_days       = optional(number, 365)
    existing = optional(object({
      vpc_id             = string
      private_subnet_ids = list(string)
      route_table_ids    = optional(list(string), [])
      way_out            = optional(bool, true)
    }))
  })
  default = {}
}

variable "storage" {
  description = "What becomes of objects with time, and prefixes of data and workspaces; see the storage module."
  type = object({
    data_prefix      = optional(string, "plates")
    workspace_prefix = optional(string, "workspaces")
    noncurrent_days  = optional(number, 30)
    archive = optional(map(object({
      days          = number
      prefix        = optional(string, "")
      storage_class = optional(string, "GLACIER_IR")
    })), {})
    copy = optional(object({
      region    = string
      buckets   = optional(set(string), ["results"])
      lock_days = optional(number)
      lock_mode = optional(string, "GOVERNANCE")
    }))
  })
  default = {}
}

variable "capacities" {
  description = "Queue to its compute environment; see the batch module."
  type = map(object({
    type           = string
    max_vcpus      = number
    instance_types = optional(list(string), [])
    image_type     = optional(string, "ECS_AL2023")
    image_id       = optional(string)
    priority       = optional(number, 10)
    disk_gib       = optional(number)
  }))
}

variable "disk_gib" {
  description = "Disk of each host, shared by its jobs."
  type        = number
  default     = 300
}

variable "drain_minutes" {
  description = "Minutes that running jobs have to end when hosts are replaced by newer ones."
  type        = number
  default     = 360
}

variable "fair_share" {
  description = "Sharing of queues between pipelines or owners (`by`); see the batch module before turning it on."
  type = object({
    enabled             = optional(bool, false)
    by                  = optional(string, "pipeline")
    compute_reservation = optional(number, 10)
    decay_seconds       = optional(number, 3600)
    weights             = optional(map(number), {})
  })
  default = {}

  validation {
    condition     = contains(["pipeline", "owner"], var.fair_share.by)
    error_message = "fair_share.by must be pipeline or owner."
  }
}

variable "images" {
  description = "Images with a repository of their own, public registries that are fetched through (see the registry module), and patterns of images elsewhere that jobs may run, such as public.ecr.aws/somebody/*."
  type = object({
    elsewhere    = optional(list(string), [])
    repositories = optional(set(string), ["unit", "cellprofiler", "cosmicqc", "cytomining", "em", "fiji", "imaging", "regenie", "snakemake", "starrynight"])
    pull_through = optional(map(object({
      registry       = string
      credential_arn = optional(string)
    })), {})
  })
  default = {}
}

variable "airflow" {
  description = "Size, version and pages of Airflow, and SNS topics for notifications of pipelines besides that of alarms; see the mwaa module."
  type = object({
    version         = optional(string, "3.3.1")
    class           = optional(string, "mw1.small")
    workers         = optional(object({ min = optional(number, 1), max = optional(number, 5) }), {})
    schedulers      = optional(number, 2)
    webservers      = optional(object({ min = optional(number, 2), max = optional(number, 2) }), {})
    web_access      = optional(string, "PRIVATE_ONLY")
    web_cidr_blocks = optional(list(string), [])
    notify_topics   = optional(list(string), [])
    smtp_port       = optional(number)
    options         = optional(map(string), {})
    bundle_dir      = optional(string)
    uploaded = optional(object({
      requirements         = optional(string)
      requirements_version = optional(string)
      plugins              = optional(string)
      plugins_version      = optional(string)
      startup              = optional(string)
      startup_version      = optional(string)
    }), {})
    on_clear         = optional(string, "terminate")
    job_environment  = optional(map(string), {})
    job_secrets      = optional(map(string), {})
    max_hourly_fails = optional(number, 100)
  })
  default = {}
}

variable "coordinator" {
  description = "Whether Airflow runs on a host of our own in place of MWAA (`create`), and that host; see the coordinator module."
  type = object({
    create        = optional(bool, false)
    instance_type = optional(string, "t4g.medium")
    parallelism   = optional(number, 4)
    release       = optional(string, "1")
    image_id      = optional(string)
    disk_gib      = optional(number, 20)
    snapshots     = optional(number, 14)
    snapshot_id   = optional(string)
    users         = optional(map(string), { admin = "admin" })
  })
  default = {}

  validation {
    condition     = can(regex("^(t4g|m7g|r7g)\\.(medium|large|xlarge)$", var.coordinator.instance_type))
    error_message = "coordinator.instance_type must be t4g, m7g or r7g, medium, large or xlarge: of these the price is known."
  }
}

variable "arrivals" {
  description = "Ends of keys whose arrival Airflow hears of, such as a file that microscopes write last; null for none."
  type        = list(string)
  default     = []
}

variable "telemetry" {
  description = "OpenTelemetry collector for what jobs and workers send; null for none. `collector_image` is AWS's distribution; `target` is an OTLP endpoint that takes all of it in place of X-Ray and CloudWatch, or the remote_write URL of Amazon Managed Service for Prometheus for the metrics, and `authorization_secret_arn` a secret whose text is the Authorization header that it wants. See the observability module."
  type = object({
    collector_image          = string
    target                   = optional(string)
    authorization_secret_arn = optional(string)
  })
  default = null
}

variable "audit" {
  description = "A trail and alarms of what should not happen; null for neither. See the safety module."
  type = object({
    data_events    = optional(bool, true)
    log_group_name = optional(string)
  })
  default = null
}

variable "backup" {
  description = "AWS Backup of results; null for none. See the safety module."
  type = object({
    days         = optional(number, 35)
    monthly_days = optional(number)
  })
  default = null
}

variable "shell" {
  description = "Whether on-call may open a shell in a running unit: `platerunner shell`, by ECS Exec."
  type        = bool
  default     = false
}

variable "login_host" {
  description = "Whether to make a small host inside the VPC, reached by Session Manager; see the login module."
  type        = bool
  default     = false
}

variable "budget" {
  description = "Monthly limit that closes the queues, and warnings before it; see the budget module."
  type = object({
    limit_usd    = number
    warn_percent = optional(set(number), [50, 80])
    cost_tag     = optional(object({ key = string, value = string }))
  })
}

variable "ledger" {
  description = "Whether Athena answers questions to the ledger, from which day on, how many GiB a query may read, and who may take the role that asks; see the ledger module."
  type = object({
    athena            = optional(bool, true)
    first_day         = optional(string, "2026-01-01")
    max_gib_per_query = optional(number, 50)
    asked_by          = optional(set(string), [])
  })
  default = {}
}

variable "data_role_arns" {
  description = "Roles of other accounts that jobs and Airflow may take to read buckets there, as `buckets` of the connection says."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.data_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", each))])
    error_message = "data_role_arns must be ARNs like arn:aws:iam::123456789012:role/images."
  }
}

variable "fast_storage" {
  description = "Whether runs may make file systems for themselves (`storage` of a spec): the rights for that, their security group, and hosts that mount Lustre."
  type        = bool
  default     = false
}

variable "access" {
  description = "Who may act as which group (people), and the repository whose CI applies (ci); see the access module."
  type = object({
    people = optional(map(set(string)), {})
    ci     = optional(object({ repository = string, oidc_provider_arn = string, environment = string, state_bucket = string }))
  })
  default = {}
}

variable "emails" {
  description = "Who hears of alarms and of the budget."
  type        = set(string)
  default     = []
}

variable "log_retention_days" {
  description = "Days for which logs of jobs and of Airflow are kept."
  type        = number
  default     = 90
}

variable "tags" {
  description = "Tags of every resource and every job."
  type        = map(string)
  default     = {}
}
