variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
}

variable "name" {
  description = "Name of the environment: prefix of all names in it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 20 lower case letters, digits and hyphens, and begin with a letter."
  }
}

variable "people" {
  description = "Group (scientists, engineers, oncall, it, acceptance) to ARNs of roles or users that may act as it; a group that is not named has a policy and no role."
  type        = map(set(string))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.people), ["scientists", "engineers", "oncall", "it", "acceptance"])) == 0
    error_message = "people takes the groups scientists, engineers, oncall, it and acceptance."
  }

  validation {
    condition     = alltrue([for arn in flatten([for members in values(var.people) : tolist(members)]) : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$", arn))])
    error_message = "people takes ARNs of roles and users; a whole account, or *, would let in whoever its administrators name."
  }
}

variable "ci" {
  description = "Repository (owner/name) whose workflows plan, apply and push, the account's OIDC provider of GitHub's tokens, the GitHub environment whose reviewers approve, and the bucket of the state; null for no roles."
  type = object({
    repository        = string
    oidc_provider_arn = string
    environment       = string
    state_bucket      = string
  })
  default = null

  validation {
    condition     = var.ci == null ? true : can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.ci.repository))
    error_message = "ci.repository must be owner/name, without a wildcard: each repository that matches could apply."
  }
}

variable "data" {
  description = "Bucket and prefix of raw data."
  type        = object({ bucket = string, prefix = string })
}

variable "workspace" {
  description = "Bucket and prefix of results."
  type        = object({ bucket = string, prefix = string })
}

variable "airflow_bucket_arn" {
  description = "ARN of the bucket that the bundle goes to."
  type        = string
}

variable "airflow_role_arn" {
  description = "ARN of Airflow's role, which each update of MWAA passes on."
  type        = string
}

variable "on_mwaa" {
  description = "Whether Airflow runs on MWAA, and its pages take sign-ins of AWS; else on the coordinator, whose pages a session brings."
  type        = bool
  default     = true
}

variable "run_policies" {
  description = "Policies of Airflow's role, as JSON, by which a pipeline is run from a workstation: batch and data."
  type        = object({ batch = string, data = string })
}

variable "shell" {
  description = "Whether on-call may open a shell in a job, by `platerunner shell`."
  type        = bool
  default     = false
}

variable "queue_arns" {
  description = "ARNs of the job queues."
  type        = list(string)
}

variable "switch_arn" {
  description = "ARN of the state machine that closes and opens the queues."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the environment's key."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
