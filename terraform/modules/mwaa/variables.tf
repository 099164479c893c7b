variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
}

variable "name" {
  description = "Name of the environment, unique in account and region."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 20 lower case letters, digits and hyphens, and begin with a letter."
  }
}

variable "airflow_version" {
  description = "Airflow's version: one that Platerunner is tested with. An upgrade takes about an hour; a downgrade is not possible."
  type        = string
  default     = "3.3.1"

  validation {
    condition     = contains(["3.2.1", "3.3.1"], var.airflow_version)
    error_message = "airflow_version must be 3.2.1 or 3.3.1."
  }
}

variable "environment_class" {
  description = "Size of schedulers and workers."
  type        = string
  default     = "mw1.small"

  validation {
    condition     = contains(["mw1.micro", "mw1.small", "mw1.medium", "mw1.large", "mw1.xlarge", "mw1.2xlarge"], var.environment_class)
    error_message = "environment_class must be mw1.micro, mw1.small, mw1.medium, mw1.large, mw1.xlarge or mw1.2xlarge."
  }
}

variable "workers" {
  description = "Least and most workers. Steps wait in the triggerer and hold none while their jobs run, so few are enough."
  type = object({
    min = optional(number, 1)
    max = optional(number, 5)
  })
  default = {}

  validation {
    condition     = var.workers.min >= 1 && var.workers.max >= var.workers.min && var.workers.max <= 25
    error_message = "workers must be 1 to 25, the least not above the most."
  }

  validation {
    condition     = var.environment_class != "mw1.micro" || (var.workers.min == 1 && var.workers.max == 1)
    error_message = "mw1.micro has one worker: set workers = { min = 1, max = 1 }."
  }
}

variable "schedulers" {
  description = "Schedulers, each with a triggerer: 2 to 5, or 1 on mw1.micro."
  type        = number
  default     = 2

  validation {
    condition     = var.environment_class == "mw1.micro" ? var.schedulers == 1 : var.schedulers >= 2 && var.schedulers <= 5
    error_message = "schedulers must be 2 to 5, or 1 on mw1.micro."
  }
}

variable "webservers" {
  description = "Least and most web servers: 2 to 5, or 1 on mw1.micro."
  type = object({
    min = optional(number, 2)
    max = optional(number, 2)
  })
  default = {}

  validation {
    condition = var.environment_class == "mw1.micro" ? var.webservers.min == 1 && var.webservers.max == 1 : (
      var.webservers.min >= 2 && var.webservers.max >= var.webservers.min && var.webservers.max <= 5
    )
    error_message = "webservers must be 2 to 5, the least not above the most, or 1 on mw1.micro."
  }
}

variable "web_access" {
  description = "Who reaches the web pages: PRIVATE_ONLY (from inside the VPC) or PUBLIC_ONLY (from anywhere, with an AWS sign-in)."
  type        = string
  default     = "PRIVATE_ONLY"

  validation {
    condition     = contains(["PRIVATE_ONLY", "PUBLIC_ONLY"], var.web_access)
    error_message = "web_access must be PRIVATE_ONLY or PUBLIC_ONLY."
  }
}

variable "web_cidr_blocks" {
  description = "Private addresses from which the pages may be opened if web_access is PRIVATE_ONLY, such as the lab's network behind a VPN."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for block in var.web_cidr_blocks : can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)[0-9.]+/[0-9]+$", block)) && can(cidrhost(block, 0))])
    error_message = "web_cidr_blocks must lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16: the pages are not for the internet."
  }
}

variable "vpc_id" {
  description = "VPC of the subnets."
  type        = string

  validation {
    condition     = !var.create || can(regex("^vpc-", var.vpc_id))
    error_message = "vpc_id must be the id of a VPC."
  }
}

variable "subnet_ids" {
  description = "Two private subnets in different zones. They cannot be changed later."
  type        = list(string)

  validation {
    condition     = !var.create || length(var.subnet_ids) == 2
    error_message = "MWAA takes exactly two subnets."
  }
}

variable "bucket" {
  description = "The bucket that MWAA runs from: name and ARN. It must be versioned."
  type = object({
    name = string
    arn  = string
  })
}

variable "bundle_dir" {
  description = "Folder made by `platerunner bundle` (dags/, plugins.zip, requirements.txt, startup.sh) to upload; null if somebody else uploads."
  type        = string
  default     = null

  validation {
    condition     = var.bundle_dir == null || try(fileexists("${var.bundle_dir}/requirements.txt"), false)
    error_message = "bundle_dir has no requirements.txt: make the bundle first."
  }
}

variable "uploaded" {
  description = "Without bundle_dir: keys of what somebody else uploads, and the object versions that an apply sets; without versions, it leaves those that `platerunner deploy` told the environment."
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

variable "way_out" {
  description = "Whether Airflow reaches the internet. Without, the bundle must bring all wheels: `platerunner bundle --offline`."
  type        = bool
  default     = true
}

variable "connection" {
  description = "What the connection `platerunner` says: queues by capacity, registry, log group, roles, the URLs of the queue of arrivals and of the shared ledger, the disk that jobs have on the hosts of a queue, where file systems of runs stand, and plain variables, secrets by ARN and cost tags for jobs, and whether a shell may be opened in them."
  type = object({
    queues         = map(string)
    queue_arns     = map(string)
    registry       = string
    log_group      = string
    job_role       = string
    execution_role = string
    upload_queue   = optional(string, "")
    on_clear       = optional(string, "terminate")
    fair_share     = optional(string, "none")
    host_disk      = optional(map(string), {})
    ledger         = optional(string, "")
    storage        = optional(map(list(string)), {})
    environment    = optional(map(string), {})
    secrets        = optional(map(string), {})
    shell          = optional(bool, false)
    tags           = optional(map(string), {})
  })

  validation {
    condition     = !var.create || (length(var.connection.queues) > 0 && length(setsubtract(keys(var.connection.queues), ["spot", "on_demand", "spot_large", "on_demand_large", "gpu", "fargate"])) == 0)
    error_message = "connection.queues takes spot, on_demand, spot_large, on_demand_large, gpu and fargate."
  }

  validation {
    condition     = contains(["terminate", "adopt"], var.connection.on_clear)
    error_message = "connection.on_clear must be terminate or adopt."
  }

  validation {
    condition     = contains(["none", "pipeline", "owner"], var.connection.fair_share)
    error_message = "connection.fair_share must be none, pipeline or owner."
  }

  validation {
    condition     = alltrue([for arn in values(var.connection.secrets) : startswith(arn, "arn:")])
    error_message = "connection.secrets takes ARNs, never secrets themselves."
  }
}

variable "data" {
  description = "Where pipelines read: bucket name and prefix, without slashes at its ends. The first is the connection's data root."
  type = list(object({
    bucket = string
    prefix = string
  }))

  validation {
    condition     = length(var.data) > 0 && alltrue([for place in var.data : can(regex("^([^/*?](.*[^/*?])?)?$", place.prefix))])
    error_message = "data takes at least one bucket, and prefixes without slash at their ends and without * or ?."
  }
}

variable "workspace" {
  description = "Where pipelines write: bucket name and prefix, without slashes at its ends. The prefix may not be empty."
  type = object({
    bucket = string
    prefix = string
  })

  validation {
    condition     = can(regex("^[^/*?](.*[^/*?])?$", var.workspace.prefix))
    error_message = "workspace takes a prefix that is not empty, without slash at its ends and without * or ?."
  }
}

variable "image_patterns" {
  description = "Images that jobs may run, as registry/repository patterns; those of the connection's registry if empty."
  type        = list(string)
  default     = []

  validation {
    condition     = !contains(var.image_patterns, "*")
    error_message = "image_patterns must not be *: anybody's image would run with the job role."
  }
}

variable "arrival_queue_arn" {
  description = "SQS queue of arrivals that asset watchers read; null if there is none."
  type        = string
  default     = null
}

variable "notify_topic_arns" {
  description = "SNS topics to which pipelines may send their notifications; encrypted with kms_key_arn, or not at all."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.notify_topic_arns : can(regex("^arn:[a-z-]+:sns:[^:]+:[0-9]{12}:[A-Za-z0-9_-]+$", arn))])
    error_message = "notify_topic_arns are full ARNs of SNS topics, without *."
  }
}

variable "smtp_port" {
  description = "Port to which Airflow may send mail: 465, 587, 2465 or 2587; null for none."
  type        = number
  default     = null

  validation {
    condition     = var.smtp_port == null || contains([465, 587, 2465, 2587], coalesce(var.smtp_port, 0))
    error_message = "smtp_port must be 465, 587, 2465 or 2587: AWS lets nothing out at port 25."
  }
}

variable "kms_key_arn" {
  description = "Key of the environment, its bucket, logs and secret."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "log_levels" {
  description = "Level of each of MWAA's logs. Task logs say what units did; below WARNING, the others say mostly that they are alive."
  type = object({
    task           = optional(string, "INFO")
    dag_processing = optional(string, "WARNING")
    scheduler      = optional(string, "WARNING")
    webserver      = optional(string, "WARNING")
    worker         = optional(string, "WARNING")
  })
  default = {}

  validation {
    condition     = alltrue([for level in values(var.log_levels) : contains(["CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG"], level)])
    error_message = "log_levels takes CRITICAL, ERROR, WARNING, INFO and DEBUG."
  }
}

variable "log_retention_days" {
  description = "Days for which MWAA's logs are kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days must be 7, 14, 30, 60, 90, 180, 365, 400, 545 or 731."
  }
}

variable "airflow_options" {
  description = "Further options of airflow.cfg, as section.option."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for option in keys(var.airflow_options) : can(regex("^[a-z]+[a-z0-9_]*\\.[a-z0-9_]+$", option)) && !startswith(option, "secrets.")])
    error_message = "airflow_options are section.option, and not of the section secrets, in which this module puts the connection's backend."
  }
}

variable "maintenance_window" {
  description = "Start of the weekly maintenance, UTC."
  type        = string
  default     = "SUN:03:00"

  validation {
    condition     = can(regex("^(MON|TUE|WED|THU|FRI|SAT|SUN):([01][0-9]|2[0-3]):(00|30)$", var.maintenance_window))
    error_message = "maintenance_window must be a day and a time at the hour or half past, such as SUN:03:00."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
