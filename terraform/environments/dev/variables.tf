variable "region" {
  description = "AWS region."
  type        = string
  default     = "eu-west-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, such as eu-west-1."
  }
}

variable "name" {
  description = "Prefix of every name, unique in account and region."
  type        = string
  default     = "platerunner-dev"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 20 lower case letters, digits and hyphens, and begin with a letter."
  }
}

variable "cost_centre" {
  description = "Who pays; becomes the tag CostCentre."
  type        = string
  default     = "imaging"

  validation {
    condition     = can(regex("^[A-Za-z0-9 _.:/=+@-]{1,128}$", var.cost_centre))
    error_message = "cost_centre must be a tag's value: letters, digits, blanks and _.:/=+@-, at most 128."
  }
}

variable "emails" {
  description = "Who hears of alarms and of the budget."
  type        = set(string)
  default     = []
}

variable "monthly_limit_usd" {
  description = "US dollars per month at which the queues are closed."
  type        = number
  default     = 600

  validation {
    condition     = var.monthly_limit_usd >= 300
    error_message = "monthly_limit_usd must be at least 300: less would close the queues before anything has run."
  }
}

variable "cost_tag_active" {
  description = "Whether the tag platerunner:environment is activated for cost allocation. The budget then counts this environment alone, else the whole account."
  type        = bool
  default     = false
}

variable "vpc" {
  description = "A VPC that is there already, in place of one made here: its id, private subnets in two zones or more, their route tables unless it has an endpoint for S3, and whether it has a way to the internet. Null makes one. See the network module."
  type = object({
    vpc_id             = string
    private_subnet_ids = list(string)
    route_table_ids    = optional(list(string), [])
    way_out            = optional(bool, true)
  })
  default = null
}

variable "web_access" {
  description = "How Airflow's pages are reached: PRIVATE_ONLY, from web_cidr_blocks by VPN, peering or Direct Connect, and from the login host; or PUBLIC_ONLY, from anywhere, after a sign-in by IAM or its identity centre."
  type        = string
  default     = "PRIVATE_ONLY"

  validation {
    condition     = contains(["PRIVATE_ONLY", "PUBLIC_ONLY"], var.web_access)
    error_message = "web_access must be PRIVATE_ONLY or PUBLIC_ONLY."
  }
}

variable "login_host" {
  description = "Whether to make a small host inside the VPC, reached by Session Manager alone, from which private pages are opened; see the login module."
  type        = bool
  default     = false
}

variable "web_cidr_blocks" {
  description = "Private addresses from which Airflow's pages may be opened."
  type        = list(string)
  default     = []
}

variable "zones" {
  description = "Names of the two availability zones of the VPC that is made, in order; the region's first if empty. They cannot be changed later without a new Airflow."
  type        = list(string)
  default     = []
}

variable "flow_log_days" {
  description = "Days for which it is kept who talked to whom in the VPC that is made."
  type        = number
  default     = 90
}

variable "read_buckets" {
  description = "Buckets of others that may be read through the endpoint of the VPC that is made, such as public ones."
  type        = set(string)
  default     = ["cellpainting-gallery"]
}

variable "shell" {
  description = "Whether on-call may open a shell in a running unit: `platerunner shell`, by ECS Exec."
  type        = bool
  default     = false
}

variable "more_queues" {
  description = "Further queues: gpu, fargate, and spot_large or on_demand_large, whose hosts have a disk of `disk_gib` for what needs more than the others have. The budget closes them, too. See the batch module."
  type = map(object({
    type           = string
    max_vcpus      = number
    instance_types = optional(list(string), [])
    image_type     = optional(string, "ECS_AL2023")
    disk_gib       = optional(number)
  }))
  default = {}

  validation {
    condition     = length(setsubtract(keys(var.more_queues), ["gpu", "fargate", "spot_large", "on_demand_large"])) == 0
    error_message = "more_queues may have gpu, fargate, spot_large and on_demand_large."
  }
}

variable "archive" {
  description = "Bucket (data or results) to the days after which its objects go to a Glacier class; see the storage module."
  type = map(object({
    days          = number
    prefix        = optional(string, "")
    storage_class = optional(string, "GLACIER_IR")
  }))
  default = {}
}

variable "audit" {
  description = "A trail of who did what and which objects, and alarms: root used, bucket opened, key ending, trail changed, many denied. `log_group_name` is of a trail that the account has already. Null for none. See the safety module."
  type = object({
    data_events    = optional(bool, true)
    log_group_name = optional(string)
  })
  default = null
}

variable "copy" {
  description = "Region in which S3 keeps a copy of buckets (results, data), with `lock_days` so that nobody deletes there; null for none. See the storage module."
  type = object({
    region    = string
    buckets   = optional(set(string), ["results"])
    lock_days = optional(number)
    lock_mode = optional(string, "GOVERNANCE")
  })
  default = null
}

variable "backup" {
  description = "AWS Backup of results: days back to any second (7 to 35), and days for one a month; null for none. See the safety module."
  type = object({
    days         = optional(number, 35)
    monthly_days = optional(number)
  })
  default = null
}

variable "bundle_dir" {
  description = "Folder made by `platerunner bundle` to upload; null if somebody else uploads."
  type        = string
  default     = null
}

variable "uploaded" {
  description = "Without bundle_dir: keys of what `platerunner deploy` uploads, and the object versions that an apply sets; without versions, it leaves those that were deployed last."
  type = object({
    requirements         = optional(string)
    requirements_version = optional(string)
    plugins              = optional(string)
    plugins_version      = optional(string)
    startup              = optional(string)
    startup_version      = optional(string)
  })
  default = {}
}

variable "arrivals" {
  description = "Ends of keys whose arrival Airflow hears of, such as a file that microscopes write last; null for none."
  type        = list(string)
  default     = null
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

variable "ledger_asked_by" {
  description = "ARNs of roles or users that may take the role by which people ask the ledger; empty for no such role."
  type        = set(string)
  default     = []
}

variable "data_role_arns" {
  description = "Roles of other accounts that jobs and Airflow may take to read buckets there, as `buckets` of the connection says."
  type        = set(string)
  default     = []
}

variable "fast_storage" {
  description = "Whether runs may make file systems for themselves (`storage` of a spec): the rights for that, their security group, and hosts that mount Lustre."
  type        = bool
  default     = false
}

variable "people" {
  description = "Group (scientists, engineers, oncall, it, acceptance) to ARNs of roles or users that may act as it; see the access module."
  type        = map(set(string))
  default     = {}
}

variable "ci" {
  description = "Repository whose workflows plan, apply and push, the account's OIDC provider, and the bucket of the state; see the access module. Null for no roles."
  type        = object({ repository = string, oidc_provider_arn = string, state_bucket = string })
  default     = null
}
