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

variable "subnet_ids" {
  description = "Private subnets in which jobs run."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0 || !var.create
    error_message = "subnet_ids must name a subnet."
  }
}

variable "security_group_ids" {
  description = "Security groups of the jobs' hosts, which should let nothing in."
  type        = list(string)

  validation {
    condition     = length(var.security_group_ids) > 0 || !var.create
    error_message = "security_group_ids must name a group."
  }
}

variable "capacities" {
  description = "Queue to its compute environment. `spot` and `on_demand` are those that Platerunner's connection names; `gpu` and `fargate` are optional, as are `spot_large` and `on_demand_large`, to which a job goes whose disk the hosts of the other cannot give (`disk_gib` in place of `disk`). Hosts start from AWS's newest image of `image_type`, unless `image_id` pins one."
  type = map(object({
    type           = string
    max_vcpus      = number
    instance_types = optional(list(string), [])
    image_type     = optional(string, "ECS_AL2023")
    image_id       = optional(string)
    priority       = optional(number, 10)
    disk_gib       = optional(number)
  }))
  default = {
    spot = {
      type           = "SPOT"
      max_vcpus      = 1024
      instance_types = ["r7i", "r7a", "r6i", "r6a", "r5", "m7i", "m6i", "m6a"]
    }
    on_demand = {
      type           = "EC2"
      max_vcpus      = 256
      instance_types = ["r7i", "r6i", "m7i", "m6i"]
    }
  }

  validation {
    condition     = length(setsubtract(["spot", "on_demand"], keys(var.capacities))) == 0 && length(setsubtract(keys(var.capacities), ["spot", "on_demand", "spot_large", "on_demand_large", "gpu", "fargate"])) == 0
    error_message = "capacities takes spot and on_demand, and may have spot_large, on_demand_large, gpu and fargate."
  }

  validation {
    condition     = alltrue([for key, capacity in var.capacities : contains(["SPOT", "EC2", "FARGATE", "FARGATE_SPOT"], capacity.type)])
    error_message = "A capacity's type is SPOT, EC2, FARGATE or FARGATE_SPOT."
  }

  validation {
    condition     = alltrue([for key, capacity in var.capacities : startswith(capacity.type, "FARGATE") == (key == "fargate")])
    error_message = "The capacity fargate, and no other, is of type FARGATE or FARGATE_SPOT."
  }

  validation {
    condition     = alltrue([for capacity in values(var.capacities) : startswith(capacity.type, "FARGATE") == (length(capacity.instance_types) == 0)])
    error_message = "A capacity on EC2 needs instance_types; one on Fargate takes none."
  }

  validation {
    # A family name such as `optimal` or `metal` would let Batch choose an architecture that our images are not built for.
    condition     = alltrue(flatten([for capacity in values(var.capacities) : [for type in capacity.instance_types : can(regex("^[a-z]+[0-9][a-z0-9-]*(\\.[a-z0-9]+)?$", type))]]))
    error_message = "instance_types are families or types, such as r7i or r7i.4xlarge."
  }

  validation {
    condition     = alltrue([for capacity in values(var.capacities) : contains(["ECS_AL2023", "ECS_AL2023_NVIDIA"], capacity.image_type)])
    error_message = "image_type is ECS_AL2023, or ECS_AL2023_NVIDIA for hosts with GPUs: AWS patches Amazon Linux 2 no more."
  }

  validation {
    condition     = alltrue([for capacity in values(var.capacities) : capacity.image_id == null || (can(regex("^ami-[0-9a-f]{8,17}$", capacity.image_id)) && !startswith(capacity.type, "FARGATE"))])
    error_message = "image_id is the id of an AMI, such as ami-0123456789abcdef0; Fargate takes none."
  }

  validation {
    condition = alltrue([
      for key, capacity in var.capacities : capacity.disk_gib == null ? !endswith(key, "_large") :
      !startswith(capacity.type, "FARGATE") && coalesce(capacity.disk_gib, 0) >= 50 && coalesce(capacity.disk_gib, 0) <= 16384
    ])
    error_message = "disk_gib is 50 to 16384; spot_large and on_demand_large need one, Fargate takes none."
  }

  validation {
    condition     = alltrue([for capacity in values(var.capacities) : capacity.max_vcpus >= 1 && capacity.max_vcpus <= 40000])
    error_message = "max_vcpus must be 1 to 40000."
  }

  validation {
    condition     = alltrue([for capacity in values(var.capacities) : capacity.priority >= 0 && capacity.priority <= 1000])
    error_message = "priority must be 0 to 1000."
  }
}

variable "disk" {
  description = "Volume of each host, shared by its jobs: size in GiB, IOPS, and MiB per second (gp3)."
  type = object({
    size_gib   = optional(number, 300)
    iops       = optional(number, 3000)
    throughput = optional(number, 250)
  })
  default = {}

  validation {
    condition     = var.disk.size_gib >= 50 && var.disk.size_gib <= 16384
    error_message = "disk.size_gib must be 50 to 16384."
  }

  validation {
    condition     = var.disk.iops >= 3000 && var.disk.iops <= 16000 && var.disk.throughput >= 125 && var.disk.throughput <= 1000 && var.disk.throughput <= var.disk.iops / 4
    error_message = "disk.iops must be 3000 to 16000, and disk.throughput 125 to 1000 and at most a quarter of the IOPS."
  }
}

variable "drain_minutes" {
  description = "Minutes that running jobs have to end when their hosts are replaced by newer ones. Jobs that run longer are ended by Batch; Platerunner takes that for a lost host, and repeats them."
  type        = number
  default     = 360

  validation {
    condition     = var.drain_minutes >= 1 && var.drain_minutes <= 360 && floor(var.drain_minutes) == var.drain_minutes
    error_message = "drain_minutes must be a whole number of 1 to 360."
  }
}

variable "fair_share" {
  description = "Sharing of queues between share identifiers. Every job of such a queue must name one, and a queue cannot change its mind: turning this on or off replaces the queues."
  type = object({
    enabled             = optional(bool, false)
    compute_reservation = optional(number, 10)
    decay_seconds       = optional(number, 3600)
    weights             = optional(map(number), {})
  })
  default = {}

  validation {
    condition     = var.fair_share.compute_reservation >= 0 && var.fair_share.compute_reservation <= 99 && var.fair_share.decay_seconds >= 0 && var.fair_share.decay_seconds <= 604800
    error_message = "fair_share.compute_reservation must be 0 to 99, fair_share.decay_seconds 0 to 604800."
  }

  validation {
    condition     = alltrue([for share, weight in var.fair_share.weights : can(regex("^[A-Za-z0-9]{1,254}\\*?$", share)) && weight >= 0.0001 && weight <= 999.9999])
    error_message = "fair_share.weights names shares by letters and digits, * at the end for a prefix, with weights of 0.0001 to 999.9999 (less means more)."
  }
}

variable "data" {
  description = "Where jobs read: bucket ARN and prefix, without slashes at its ends; an empty prefix is the whole bucket."
  type = list(object({
    bucket_arn = string
    prefix     = string
  }))

  validation {
    condition     = alltrue([for place in var.data : can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", place.bucket_arn)) && can(regex("^([^/*?](.*[^/*?])?)?$", place.prefix))])
    error_message = "data takes ARNs of buckets, and prefixes without slash at their ends and without * or ?."
  }
}

variable "workspace" {
  description = "Where jobs write: bucket ARN and prefix, without slashes at its ends. The prefix may not be empty."
  type = object({
    bucket_arn = string
    prefix     = string
  })

  validation {
    condition     = can(regex("^arn:[a-z-]+:s3:::[a-z0-9.-]+$", var.workspace.bucket_arn)) && can(regex("^[^/*?](.*[^/*?])?$", var.workspace.prefix))
    error_message = "workspace takes the ARN of a bucket, and a prefix that is not empty, without slash at its ends and without * or ?."
  }
}

variable "kms_key_arn" {
  description = "Key of the buckets and of the log group."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "repository_arns" {
  description = "ECR repositories whose images jobs run; a * may end one."
  type        = list(string)

  validation {
    condition     = alltrue([for arn in var.repository_arns : can(regex("^arn:[a-z-]+:ecr:[^:]+:[0-9]{12}:repository/[a-z0-9][a-z0-9/_.-]*\\*?$", arn))])
    error_message = "repository_arns are ARNs of ECR repositories; repository/* alone is too wide."
  }
}

variable "cache_arns" {
  description = "ARNs of repositories that ECR makes when an image is fetched from another registry for the first time."
  type        = list(string)
  default     = []
}

variable "shell" {
  description = "Whether `platerunner shell` may open a shell in a job, by ECS Exec."
  type        = bool
  default     = false
}

variable "secret_arns" {
  description = "Secrets and parameters that a connection hands to jobs by reference."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.secret_arns : can(regex("^arn:[a-z-]+:(secretsmanager|ssm):[^:]+:[0-9]{12}:(secret:|parameter/)[^*]+$", arn))])
    error_message = "secret_arns are full ARNs of Secrets Manager secrets or SSM parameters."
  }
}

variable "log_retention_days" {
  description = "Days for which the jobs' logs are kept. Platerunner stores each unit's log in the workspace as well."
  type        = number
  default     = 90

  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "log_retention_days must be 7, 14, 30, 60, 90, 180, 365, 400, 545 or 731."
  }
}

variable "mounts_lustre" {
  description = "Whether hosts mount file systems of FSx for Lustre below /fsx, each once a job looks for it there."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags of every resource, and of the hosts that Batch starts."
  type        = map(string)
  default     = {}
}
