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

variable "ledger_url" {
  description = "Where the ledger is that all pipelines share: `ledger` of the connection."
  type        = string

  validation {
    condition     = !var.create || can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+", var.ledger_url))
    error_message = "ledger_url must be a prefix in a bucket, such as s3://results/ledger."
  }
}

variable "first_day" {
  description = "First day of the ledger; days before it are not looked at."
  type        = string
  default     = "2026-01-01"

  validation {
    condition     = can(formatdate("YYYY", "${var.first_day}T00:00:00Z"))
    error_message = "first_day must be a day like 2026-01-01."
  }
}

variable "max_gib_per_query" {
  description = "GiB that one query may read; Athena ends those that read more. Athena costs some 5 US dollars per TiB."
  type        = number
  default     = 50

  validation {
    condition     = var.max_gib_per_query >= 1 && var.max_gib_per_query <= 10240 && floor(var.max_gib_per_query) == var.max_gib_per_query
    error_message = "max_gib_per_query must be a whole number of 1 to 10240."
  }
}

variable "asked_by" {
  description = "ARNs of roles, users or accounts that may take the role by which people ask the ledger; without, there is no such role, and the policy alone."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.asked_by : can(regex("^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:.+$", each))])
    error_message = "asked_by must be ARNs like arn:aws:iam::123456789012:role/analysts; nobody may ask anonymously."
  }
}

variable "result_days" {
  description = "Days for which answers are kept."
  type        = number
  default     = 30

  validation {
    condition     = var.result_days >= 1 && floor(var.result_days) == var.result_days
    error_message = "result_days must be a whole number of at least 1."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts answers."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
