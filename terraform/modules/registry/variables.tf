variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
}

variable "name" {
  description = "Prefix of the repositories, unique in account and region."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 20 lower case letters, digits and hyphens, and begin with a letter."
  }
}

variable "repositories" {
  description = "Images, each with a repository `<name>/<image>`."
  type        = set(string)
  default     = ["unit", "cellprofiler", "cosmicqc", "cytomining", "em", "fiji", "imaging", "regenie", "snakemake", "starrynight"]

  validation {
    condition     = alltrue([for repository in var.repositories : can(regex("^[a-z0-9]+([._-][a-z0-9]+)*$", repository))])
    error_message = "repositories are lower case letters and digits, with single . _ or - between them."
  }
}

variable "kept_images" {
  description = "Builds (tags `build-*`) that each repository keeps; older ones expire, but for versions and what was used (tags such as `4.2.8`, and `used-*`), which never do."
  type        = number
  default     = 200

  validation {
    condition     = var.kept_images >= 20 && var.kept_images <= 10000
    error_message = "kept_images must be 20 to 10000."
  }
}

variable "untagged_days" {
  description = "Days after which images without a tag expire."
  type        = number
  default     = 14

  validation {
    condition     = var.untagged_days >= 1
    error_message = "untagged_days must be at least 1."
  }
}

variable "pull_through" {
  description = "Folder under `<name>/` to a public registry whose images ECR fetches and keeps. Docker Hub, GitHub and GitLab need `credential_arn`, a secret whose name begins with ecr-pullthroughcache/."
  type = map(object({
    registry       = string
    credential_arn = optional(string)
  }))
  default = {}

  validation {
    condition = alltrue([for cache in values(var.pull_through) : contains(
      ["public.ecr.aws", "quay.io", "registry.k8s.io", "registry-1.docker.io", "ghcr.io", "registry.gitlab.com"], cache.registry
    )])
    error_message = "pull_through takes public.ecr.aws, quay.io, registry.k8s.io, registry-1.docker.io, ghcr.io and registry.gitlab.com."
  }

  validation {
    condition = alltrue([for cache in values(var.pull_through) :
      contains(["registry-1.docker.io", "ghcr.io", "registry.gitlab.com"], cache.registry) == (cache.credential_arn != null)
    ])
    error_message = "Docker Hub, GitHub and GitLab need a credential_arn; the others take none."
  }

  validation {
    condition     = alltrue([for folder in keys(var.pull_through) : can(regex("^[a-z0-9][a-z0-9-]{0,9}$", folder))])
    error_message = "pull_through's folders are at most 10 lower case letters, digits and hyphens: ECR allows 30 with the name."
  }
}

variable "kms_key_arn" {
  description = "Key that images are encrypted with."
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
