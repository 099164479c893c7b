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
    priority       = optional(number, 10)
  }))
}

variable "disk_gib" {
  description = "Disk of each host, shared by its jobs."
  type        = number
  default     = 300
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
    repositories = optional(set(string), ["unit", "cellprofiler", "fiji", "imaging", "starrynight"])
    pull_through = optional(map(object({
      registry       = string
      credential_arn = optional(string)
    })), {})
  })
  default = {}
}

variable "airflow" {
  description = "Size, version and pages of Airflow; see the mwaa module."
  type = object({
    version         = optional(string, "3.3.1")
    class           = optional(string, "mw1.small")
    workers         = optional(object({ min = optional(number, 1), max = optional(number, 5) }), {})
    schedulers      = optional(number, 2)
    webservers      = optional(object({ min = optional(number, 2), max = optional(number, 2) }), {})
    web_access      = optional(string, "PRIVATE_ONLY")
    web_cidr_blocks = optional(list(string), [])
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

variable "arrivals" {
  description = "Ends of keys whose arrival is told to Airflow, such as a file that microscopes write last; null tells of none."
  type        = list(string)
  default     = []
}

variable "collector_image" {
  description = "Image of an OpenTelemetry collector to run for the jobs; null for none. See the observability module."
  type        = string
  default     = null
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
