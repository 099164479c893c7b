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

variable "airflow_version" {
  description = "Airflow's version: one that Platerunner is tested with, and that of the bundle."
  type        = string
  default     = "3.3.1"

  validation {
    condition     = contains(["3.2.1", "3.3.1"], var.airflow_version)
    error_message = "airflow_version must be 3.2.1 or 3.3.1."
  }
}

variable "vpc_id" {
  description = "VPC of the subnet."
  type        = string

  validation {
    condition     = !var.create || can(regex("^vpc-", var.vpc_id))
    error_message = "vpc_id must be the id of a VPC."
  }
}

variable "subnet_id" {
  description = "Private subnet in which the host is. It cannot be changed later: the volume is in its zone."
  type        = string

  validation {
    condition     = !var.create || can(regex("^subnet-", var.subnet_id))
    error_message = "subnet_id must be the id of a subnet."
  }
}

variable "way_out" {
  description = "Whether the subnet has a way to the internet, from which the host takes Airflow."
  type        = bool
  default     = true

  validation {
    condition     = !var.create || var.way_out
    error_message = "The host takes Airflow from PyPI: its network needs a way to the internet."
  }
}

variable "instance_type" {
  description = "An ARM type with at least 4 GiB of memory, such as t4g.medium."
  type        = string
  default     = "t4g.medium"

  validation {
    condition     = can(regex("^(t4g\\.(medium|large|xlarge)|[mr][678]g[a-z]*\\.(medium|large|xlarge))$", var.instance_type))
    error_message = "instance_type must be an ARM type with 4 GiB or more: t4g, m6g to m8g or r6g to r8g, medium to xlarge."
  }
}

variable "parallelism" {
  description = "Tasks at once. Steps wait in the triggerer and take none while their jobs run, so few are enough."
  type        = number
  default     = 4

  validation {
    condition     = var.parallelism >= 2 && var.parallelism <= 32
    error_message = "parallelism must be 2 to 32."
  }
}

variable "release" {
  description = "Any word, such as 2026-12. A new one replaces the host by one of AWS's newest Amazon Linux 2023; volume, database and history stay."
  type        = string
  default     = "1"
}

variable "image_id" {
  description = "Image in place of AWS's newest, for a host that has to be as it was; taken with the next `release`."
  type        = string
  default     = null

  validation {
    condition     = var.image_id == null || can(regex("^ami-[0-9a-f]+$", var.image_id))
    error_message = "image_id must be the id of an image, such as ami-0123456789abcdef0."
  }
}

variable "disk_gib" {
  description = "Size of the volume with database and logs. It may grow, and never shrink."
  type        = number
  default     = 20

  validation {
    condition     = var.disk_gib >= 10 && var.disk_gib <= 1000
    error_message = "disk_gib must be 10 to 1000."
  }
}

variable "snapshots" {
  description = "Daily snapshots of the volume that are kept."
  type        = number
  default     = 14

  validation {
    condition     = var.snapshots >= 3 && var.snapshots <= 365
    error_message = "snapshots must be 3 to 365."
  }
}

variable "snapshot_id" {
  description = "Snapshot of which the volume is made, to bring back what was lost; looked at when the volume is made, and never again."
  type        = string
  default     = null

  validation {
    condition     = var.snapshot_id == null || can(regex("^snap-[0-9a-f]+$", var.snapshot_id))
    error_message = "snapshot_id must be the id of a snapshot, such as snap-0123456789abcdef0."
  }
}

variable "users" {
  description = "Who signs in to Airflow's pages: name to role (viewer, user, op, admin). Airflow makes up the passwords, in /usr/local/airflow/passwords.json. Gates keep the name of who approves, so that each person is one."
  type        = map(string)
  default     = { admin = "admin" }

  validation {
    condition     = length(var.users) > 0 && alltrue([for user, role in var.users : can(regex("^[a-z][a-z0-9._-]*$", user)) && contains(["viewer", "user", "op", "admin"], role)])
    error_message = "users takes names of lower case letters, digits and ._-, and the roles viewer, user, op and admin."
  }
}

variable "bucket" {
  description = "The bucket with the bundle: name and ARN."
  type = object({
    name = string
    arn  = string
  })
}

variable "connection" {
  description = "The connection `platerunner` as JSON, as the mwaa module makes it."
  type        = string
}

variable "run_policies" {
  description = "Policies by which pipelines run, as JSON, as the mwaa module makes them: batch and data."
  type = object({
    batch = string
    data  = string
  })
}

variable "log_retention_days" {
  description = "Days for which logs of tasks are kept on the volume."
  type        = number
  default     = 90

  validation {
    condition     = var.log_retention_days >= 7
    error_message = "log_retention_days must be at least 7."
  }
}

variable "alert_topic_arn" {
  description = "Topic that hears of alarms."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:", var.alert_topic_arn))
    error_message = "alert_topic_arn must be the ARN of an SNS topic."
  }
}

variable "kms_key_arn" {
  description = "Key of the volume, its snapshots and the secret."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
