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

variable "intelligent_tiering" {
  description = "Whether S3 moves objects of the data and results buckets to cheaper tiers when nobody reads them. They stay readable at once."
  type        = bool
  default     = true
}

variable "archive" {
  description = "Bucket (data or results) to the days after which its objects go to a Glacier class. GLACIER_IR stays readable at once; what lies in the others must be restored before a pipeline reads it."
  type = map(object({
    days          = number
    prefix        = optional(string, "")
    storage_class = optional(string, "GLACIER_IR")
  }))
  default = {}

  validation {
    condition     = length(setsubtract(keys(var.archive), ["data", "results"])) == 0
    error_message = "archive takes the buckets data and results."
  }

  validation {
    condition     = alltrue([for rule in values(var.archive) : contains(["GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"], rule.storage_class) && rule.days >= 30])
    error_message = "archive takes 30 days or more, and GLACIER_IR, GLACIER or DEEP_ARCHIVE."
  }
}

variable "noncurrent_days" {
  description = "Days for which overwritten and deleted objects can be brought back."
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_days >= 7 && floor(var.noncurrent_days) == var.noncurrent_days
    error_message = "noncurrent_days must be a whole number of at least 7, so that a mistake of last week can be undone."
  }
}

variable "copy" {
  description = "Region in which S3 keeps a copy of buckets (data, results); null for none. With `lock_days` nothing there can be deleted that is younger: by those without s3:BypassGovernanceRetention in the mode GOVERNANCE, by nobody at all in COMPLIANCE."
  type = object({
    region    = string
    buckets   = optional(set(string), ["results"])
    lock_days = optional(number)
    lock_mode = optional(string, "GOVERNANCE")
  })
  default = null

  validation {
    condition     = var.copy == null || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.copy.region))
    error_message = "copy.region must be the name of an AWS region, such as eu-central-1."
  }

  validation {
    condition     = var.copy == null || length(setsubtract(try(var.copy.buckets, []), ["data", "results"])) == 0
    error_message = "copy.buckets takes data and results."
  }

  validation {
    condition     = var.copy == null || (try(coalesce(var.copy.lock_days, 1), 1) >= 1 && contains(["GOVERNANCE", "COMPLIANCE"], try(var.copy.lock_mode, "GOVERNANCE")))
    error_message = "copy.lock_days must be at least 1, and copy.lock_mode GOVERNANCE or COMPLIANCE."
  }
}

variable "trail_name" {
  description = "CloudTrail's trail that writes to the bucket of logs, of module safety; null for none."
  type        = string
  default     = null
}

variable "access_log_days" {
  description = "Days for which access logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = var.access_log_days >= 30
    error_message = "access_log_days must be at least 30."
  }
}

variable "key_deletion_days" {
  description = "Days between the order to delete the key and its end. Without the key, nothing in the buckets can be read."
  type        = number
  default     = 30

  validation {
    condition     = var.key_deletion_days >= 7 && var.key_deletion_days <= 30
    error_message = "key_deletion_days must be 7 to 30."
  }
}

variable "efs_subnet_ids" {
  description = "Subnets in which to offer a shared file system; none without."
  type        = list(string)
  default     = []
}

variable "efs_security_group_ids" {
  description = "Security groups of the file system's mount targets; needed if there are any."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.efs_subnet_ids) == 0 || length(var.efs_security_group_ids) > 0
    error_message = "efs_security_group_ids must name a group if efs_subnet_ids names subnets."
  }
}

variable "fast_storage" {
  description = "Whether FSx may read encrypted objects for file systems that are linked to a bucket."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
