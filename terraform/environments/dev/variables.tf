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

variable "web_cidr_blocks" {
  description = "Private addresses from which Airflow's pages may be opened."
  type        = list(string)
  default     = []
}

variable "bundle_dir" {
  description = "Folder made by `platerunner bundle` to upload; null if somebody else uploads."
  type        = string
  default     = null
}

variable "uploaded" {
  description = "Without bundle_dir: keys, and object versions, of what `platerunner deploy` uploaded, so that an apply does not take them back."
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
  description = "Ends of keys whose arrival is told to Airflow, such as a file that microscopes write last; null tells of none."
  type        = list(string)
  default     = null
}
