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

variable "audit" {
  description = "Trail and alarms: whether data events of the buckets are recorded, and the log group in this region of a trail that is there already, in place of one made here. Null for neither."
  type = object({
    data_events    = optional(bool, true)
    log_group_name = optional(string)
  })
  default = null
}

variable "denied_per_hour" {
  description = "Denied calls in an hour that are an alarm."
  type        = number
  default     = 50

  validation {
    condition     = var.denied_per_hour > 1
    error_message = "denied_per_hour must be more than 1: AWS's own services are denied something now and then."
  }
}

variable "log_bucket_name" {
  description = "Bucket that the trail writes to; its policy has to let it in."
  type        = string
}

variable "bucket_arns" {
  description = "Buckets whose objects the trail records."
  type        = list(string)
  default     = []
}

variable "job_role_name" {
  description = "Role of jobs, whose reads are left out."
  type        = string
}

variable "copies" {
  description = "Bucket to the names of itself and of its copy in another region."
  type        = map(object({ from = string, to = string }))
  default     = {}
}

variable "backup" {
  description = "AWS Backup: days back to any second of which a bucket can be restored (7 to 35), and days for which a backup a month is kept. Null for none."
  type = object({
    days         = optional(number, 35)
    monthly_days = optional(number)
  })
  default = null

  validation {
    condition     = var.backup == null || (try(var.backup.days, 35) >= 7 && try(var.backup.days, 35) <= 35)
    error_message = "backup.days must be 7 to 35, which is what AWS Backup offers."
  }

  validation {
    condition     = try(var.backup.monthly_days, null) == null || try(var.backup.monthly_days >= var.backup.days, false)
    error_message = "backup.monthly_days must be at least backup.days, for which the vault is locked."
  }
}

variable "backup_arns" {
  description = "Buckets that are backed up."
  type        = list(string)
  default     = []
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
  description = "Key of the trail, its log group and the vault."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "log_retention_days" {
  description = "Days for which the trail is kept in CloudWatch Logs; in the bucket it is kept as long as access logs."
  type        = number
  default     = 365
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
