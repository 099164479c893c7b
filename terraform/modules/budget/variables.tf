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

variable "limit_usd" {
  description = "US dollars per month at which the queues are closed."
  type        = number

  validation {
    condition     = var.limit_usd >= 1
    error_message = "limit_usd must be at least 1."
  }
}

variable "warn_percent" {
  description = "Percent of the limit at which a warning is sent."
  type        = set(number)
  default     = [50, 80]

  validation {
    condition     = length(var.warn_percent) > 0 && alltrue([for percent in var.warn_percent : percent > 0 && percent < 100])
    error_message = "warn_percent must name at least one percentage between 0 and 100."
  }
}

variable "cost_tag" {
  description = "Tag whose costs count: key and value, activated as a cost allocation tag in the paying account; null counts the whole account."
  type = object({
    key   = string
    value = string
  })
  default = null

  validation {
    condition     = var.cost_tag == null || try(!strcontains(var.cost_tag.key, "$") && var.cost_tag.key != "" && var.cost_tag.value != "", false)
    error_message = "cost_tag needs a key, without $, and a value."
  }
}

variable "state_parameter" {
  description = "Name of the SSM parameter that says whether the queues are open; see the batch module."
  type        = string

  validation {
    condition     = can(regex("^/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", var.state_parameter))
    error_message = "state_parameter must be a parameter's full name, beginning with a slash."
  }
}

variable "queue_arns" {
  description = "Job queues that are closed, by capacity."
  type        = map(string)

  validation {
    condition     = !var.create || length(var.queue_arns) > 0
    error_message = "queue_arns must name the queues that the limit closes."
  }
}

variable "alert_topic_arn" {
  description = "SNS topic that hears of warnings, closing and opening. It must let Budgets publish."
  type        = string
}

variable "emails" {
  description = "Who gets an email from Budgets itself at the limit, on top of the topic's subscribers; at most ten."
  type        = set(string)
  default     = []

  validation {
    condition     = length(var.emails) <= 10 && alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "emails are at most ten addresses such as lab@example.org."
  }
}

variable "kms_key_arn" {
  description = "Key of logs and topics. Its policy must let CloudWatch and Budgets use it."
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
