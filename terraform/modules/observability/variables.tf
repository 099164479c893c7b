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

variable "queue_arns" {
  description = "Job queues to watch, by capacity."
  type        = map(string)
}

variable "jobs_log_group_name" {
  description = "Log group of the jobs, for the dashboard."
  type        = string
}

variable "mwaa_name" {
  description = "MWAA environment to watch; null if there is none."
  type        = string
  default     = null
}

variable "dead_letter_queue_name" {
  description = "Queue of arrivals that could not be taken; null if there is none."
  type        = string
  default     = null
}

variable "emails" {
  description = "Who hears of alarms. Each address gets a message to confirm."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "emails are addresses such as lab@example.org."
  }
}

variable "failed_jobs_per_hour" {
  description = "Failed jobs in an hour that raise an alarm. Spot reclaims are failures too, and Platerunner repeats them by itself."
  type        = number
  default     = 100

  validation {
    condition     = var.failed_jobs_per_hour >= 1
    error_message = "failed_jobs_per_hour must be at least 1."
  }
}

variable "recorded_statuses" {
  description = "Statuses of jobs whose changes are recorded. Each change of each of an array's children is an event."
  type        = set(string)
  default     = ["FAILED"]

  validation {
    condition     = contains(var.recorded_statuses, "FAILED") && length(setsubtract(var.recorded_statuses, ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED"])) == 0
    error_message = "recorded_statuses takes statuses of Batch jobs, and always FAILED."
  }
}

variable "log_retention_days" {
  description = "Days for which recorded changes are kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days must be 7, 14, 30, 60, 90, 180, 365, 400, 545 or 731."
  }
}

variable "collector" {
  description = "OpenTelemetry collector for what jobs send, as a service in the VPC; null for none. `image` is AWS's distribution or one that reads AOT_CONFIG_CONTENT, `repository_arns` where it is pulled from if that is our ECR. `target` is an OTLP endpoint that takes all of it in place of X-Ray and CloudWatch, or the remote_write URL of a workspace of Amazon Managed Service for Prometheus, for the metrics, which takes OpenTelemetry's own image (collector-contrib); `authorization_secret_arn` a secret whose text is the Authorization header that it wants."
  type = object({
    image           = string
    vpc_id          = string
    vpc_cidr_block  = string
    subnet_ids      = list(string)
    repository_arns = optional(list(string), [])
    cpu             = optional(number, 512)
    memory          = optional(number, 1024)

    target                   = optional(string)
    authorization_secret_arn = optional(string)
  })
  default = null

  validation {
    condition     = var.collector == null || try(var.collector.target == null || can(regex("^https://[^/]+", var.collector.target)), false)
    error_message = "collector.target is the https:// address of an OTLP endpoint: what jobs say may name patients."
  }

  validation {
    condition     = var.collector == null || try(!can(regex("aps-workspaces", var.collector.target)) || (can(regex("^https://aps-workspaces[.][a-z0-9-]+[.].*/workspaces/ws-[a-z0-9-]+/api/v1/remote_write$", var.collector.target)) && var.collector.authorization_secret_arn == null && !strcontains(var.collector.image, "aws-otel-collector")), false)
    error_message = "a workspace of Amazon Managed Service for Prometheus is given by its remote_write URL, without a secret, and with OpenTelemetry's image opentelemetry-collector-contrib: AWS's has no deltatocumulative."
  }

  validation {
    condition     = var.collector == null || try(var.collector.authorization_secret_arn == null || (var.collector.target != null && can(regex("^arn:[a-z-]+:secretsmanager:", var.collector.authorization_secret_arn))), false)
    error_message = "collector.authorization_secret_arn is the ARN of a secret in Secrets Manager, and needs a target."
  }

  validation {
    condition     = var.collector == null || try(can(regex("(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$", var.collector.image)) && !endswith(var.collector.image, ":latest"), false)
    error_message = "collector.image needs a tag other than latest, or a digest."
  }

  validation {
    condition     = var.collector == null || try(contains([256, 512, 1024, 2048, 4096], var.collector.cpu) && var.collector.memory >= 2 * var.collector.cpu && var.collector.memory <= 8 * var.collector.cpu, false)
    error_message = "collector.cpu must be 256, 512, 1024, 2048 or 4096, and collector.memory two to eight times as many MiB."
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
