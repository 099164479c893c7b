variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
}

variable "name" {
  description = "Prefix of every name, unique in account and region."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 20 lower case letters, digits and hyphens, and begin with a letter."
  }
}

variable "cidr_block" {
  description = "Addresses of the VPC. Three quarters go to the private subnets, the rest to the public ones."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr_block, 0)) && can(regex("/(1[6-9]|20)$", var.cidr_block))
    error_message = "cidr_block must be an IPv4 block of /16 to /20, such as 10.20.0.0/16."
  }
}

variable "az_count" {
  description = "Availability zones, each with a private subnet. MWAA uses the first two."
  type        = number
  default     = 3

  validation {
    condition     = contains([2, 3], var.az_count)
    error_message = "az_count must be 2 or 3."
  }
}

variable "zones" {
  description = "Names of the zones, in order; the region's first if empty. MWAA's subnets cannot move, so name them where it matters."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.zones) == 0 || (length(var.zones) == var.az_count && length(distinct(var.zones)) == var.az_count)
    error_message = "zones must name as many different zones as az_count says."
  }
}

variable "max_jobs" {
  description = "Jobs that may run at once, each with an address of its own (as on Fargate)."
  type        = number
  default     = 10000

  validation {
    # AWS keeps five addresses of each subnet; 200 are left for endpoints and MWAA.
    condition     = var.max_jobs > 0 && var.max_jobs <= var.az_count * (pow(2, 30 - tonumber(split("/", var.cidr_block)[1])) - 5) - 200
    error_message = "cidr_block has too few private addresses for max_jobs: widen the block, or lower max_jobs."
  }
}

variable "nat" {
  description = "Way out to the internet: none, single (one gateway), or per_az (survives the loss of a zone)."
  type        = string
  default     = "none"

  validation {
    condition     = contains(["none", "single", "per_az"], var.nat)
    error_message = "nat must be none, single or per_az."
  }
}

variable "interface_endpoints" {
  description = "AWS services reached without the internet, by the last part of their endpoint's name. Each costs by the hour and zone."
  type        = set(string)
  nullable    = false
  default = [
    "airflow.api", "airflow.env", "airflow.ops", "batch", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry",
    "kms", "logs", "monitoring", "secretsmanager", "sqs", "sts",
  ]

  validation {
    condition     = alltrue([for service in var.interface_endpoints : can(regex("^[a-z][a-z0-9.-]+$", service))])
    error_message = "interface_endpoints are names such as ecr.api, without com.amazonaws and region."
  }

  validation {
    condition = var.nat != "none" || length(setsubtract(
      ["batch", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "kms", "logs", "monitoring", "secretsmanager", "sqs", "sts"],
      var.interface_endpoints
    )) == 0
    error_message = "Without NAT, jobs and MWAA need the endpoints batch, ecr.api, ecr.dkr, ecs, ecs-agent, ecs-telemetry, kms, logs, monitoring, secretsmanager, sqs and sts."
  }
}

variable "kms_key_arn" {
  description = "Key for the flow log."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "flow_log_retention_days" {
  description = "Days for which the flow log is kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([30, 60, 90, 180, 365, 400, 545, 731], var.flow_log_retention_days)
    error_message = "flow_log_retention_days must be 30, 60, 90, 180, 365, 400, 545 or 731."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
