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

variable "bucket_name" {
  description = "Bucket whose arrivals the queue gets. It must send its events to EventBridge, as the storage module's data bucket does."
  type        = string

  validation {
    condition     = !var.create || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "bucket_name must be the name of a bucket."
  }
}

variable "prefix" {
  description = "Beginning of the keys that the queue gets; empty for all."
  type        = string
  default     = ""
}

variable "suffixes" {
  description = "Ends of the keys that the queue gets, such as a file that microscopes write last; all if empty. A plate of 10,000 images would otherwise send 10,000 messages."
  type        = list(string)
  default     = []
}

variable "retention_days" {
  description = "Days for which a message waits for Airflow."
  type        = number
  default     = 4

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 14 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number of 1 to 14."
  }
}

variable "max_receives" {
  description = "Times that a message is received before it goes to the dead letter queue; each of several triggerers may get it when another waits for it."
  type        = number
  default     = 100

  validation {
    condition     = var.max_receives >= 2 && var.max_receives <= 1000
    error_message = "max_receives must be 2 to 1000: with one, a restart of the watcher would lose the message."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
