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


variable "vpc_id" {
  description = "VPC of the subnet."
  type        = string

  validation {
    condition     = !var.create || can(regex("^vpc-", var.vpc_id))
    error_message = "vpc_id must be the id of a VPC."
  }
}

variable "subnet_id" {
  description = "Private subnet in which the host is."
  type        = string

  validation {
    condition     = !var.create || can(regex("^subnet-", var.subnet_id))
    error_message = "subnet_id must be the id of a subnet."
  }
}

variable "instance_type" {
  description = "A small ARM type."
  type        = string
  default     = "t4g.small"

  validation {
    condition     = can(regex("^[a-z]+[0-9]+g[a-z]*\\.(nano|micro|small|medium|large)$", var.instance_type))
    error_message = "instance_type must be a small ARM type, such as t4g.small."
  }
}

variable "disk_gib" {
  description = "Size of its disk."
  type        = number
  default     = 20

  validation {
    condition     = var.disk_gib >= 8 && var.disk_gib <= 200
    error_message = "disk_gib must be 8 to 200."
  }
}

variable "kms_key_arn" {
  description = "Key that sessions are encrypted with."
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
