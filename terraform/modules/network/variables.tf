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

variable "existing" {
  description = "A VPC that is there already, in place of one made here: its id; private subnets in two zones or more, which MWAA takes the first two of; `route_table_ids` of these to reach S3 without the internet, unless it has an endpoint for S3; whether it has a way out to the internet."
  type = object({
    vpc_id             = string
    private_subnet_ids = list(string)
    route_table_ids    = optional(list(string), [])
    way_out            = optional(bool, true)
  })
  default = null

  validation {
    condition     = var.existing == null || can(regex("^vpc-[0-9a-f]+$", var.existing.vpc_id))
    error_message = "existing.vpc_id must be the id of a VPC, such as vpc-0123456789abcdef0."
  }

  validation {
    condition     = var.existing == null || (length(distinct(try(var.existing.private_subnet_ids, []))) >= 2 && alltrue([for id in try(var.existing.private_subnet_ids, []) : can(regex("^subnet-[0-9a-f]+$", id))]))
    error_message = "existing.private_subnet_ids must name two subnets or more, in different zones: MWAA demands two."
  }

  validation {
    condition     = var.existing == null || alltrue([for id in try(var.existing.route_table_ids, []) : can(regex("^rtb-[0-9a-f]+$", id))])
    error_message = "existing.route_table_ids are ids such as rtb-0123456789abcdef0."
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
    condition     = var.existing != null || var.max_jobs > 0 && var.max_jobs <= var.az_count * (pow(2, 30 - tonumber(split("/", var.cidr_block)[1])) - 5) - 200
    error_message = "cidr_block has too few private addresses for max_jobs: widen the block, or lower max_jobs."
  }
}

variable "nat" {
  description = "Way out to the internet: none, single (one gateway), per_az (survives the loss of a zone), or instance (a host of 7 USD a month in place of a gateway; HTTPS alone)."
  type        = string
  default     = "none"

  validation {
    condition     = contains(["none", "single", "per_az", "instance"], var.nat)
    error_message = "nat must be none, single, per_az or instance."
  }
}

variable "interface_endpoints" {
  description = "AWS services reached without the internet, by the last part of their endpoint's name; null for all that jobs and MWAA use, and for none in a VPC that is there already. Each costs by the hour and zone."
  type        = set(string)
  default     = null

  validation {
    condition     = alltrue([for service in coalesce(var.interface_endpoints, []) : can(regex("^[a-z][a-z0-9.-]+$", service))])
    error_message = "interface_endpoints are names such as ecr.api, without com.amazonaws and region."
  }

  validation {
    condition = var.interface_endpoints == null || var.existing != null || var.nat != "none" || length(setsubtract(
      ["airflow.api", "airflow.env", "airflow.ops", "batch", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "kms", "logs", "monitoring", "secretsmanager", "sqs", "sts"],
      coalesce(var.interface_endpoints, [])
    )) == 0
    error_message = "Without NAT, jobs and MWAA need the endpoints airflow.api, airflow.env, airflow.ops, batch, ecr.api, ecr.dkr, ecs, ecs-agent, ecs-telemetry, kms, logs, monitoring, secretsmanager, sqs and sts."
  }
}

variable "more_endpoints" {
  description = "Services besides, reached by endpoints where there is no way out: ssm and ssmmessages for sessions, xray for a collector."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.more_endpoints, ["ssm", "ssmmessages", "xray"])) == 0
    error_message = "more_endpoints takes ssm, ssmmessages and xray."
  }
}

variable "read_buckets" {
  description = "Buckets of others that may be read through S3's endpoint, such as public ones; roles of other accounts read theirs besides (data_role_arns)."
  type        = set(string)
  default     = ["cellpainting-gallery"]

  validation {
    condition     = alltrue([for bucket in var.read_buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket))])
    error_message = "read_buckets are names of buckets, without s3:// and without a wildcard."
  }
}

variable "data_role_arns" {
  description = "Roles of other accounts that may read through S3's endpoint."
  type        = set(string)
  default     = []
}

variable "smtp_port" {
  description = "Port of SES at which Airflow sends mail: 465 or 2465, 587 or 2587; null for none. Without NAT, an endpoint to SES is made for it."
  type        = number
  default     = null

  validation {
    condition     = var.smtp_port == null || contains([465, 587, 2465, 2587], coalesce(var.smtp_port, 0))
    error_message = "smtp_port must be 465, 587, 2465 or 2587: AWS lets nothing out at port 25."
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
