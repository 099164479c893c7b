# Policies for the groups of people who work with an environment, and for CI; and a role for each group whose members are named.
# A policy alone is for a permission set of your identity centre, which names it as a customer managed policy.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region
  arn       = "arn:${local.partition}"
  here      = "${local.region}:${local.account}"
  airflow   = "${local.arn}:airflow:${local.here}"

  documents = {
    scientists = data.aws_iam_policy_document.scientists.json
    engineers  = data.aws_iam_policy_document.engineers.json
    oncall     = data.aws_iam_policy_document.oncall.json
    it         = data.aws_iam_policy_document.it.json
    acceptance = data.aws_iam_policy_document.acceptance.json
    run-batch  = var.run_policies.batch
    run-data   = var.run_policies.data
  }

  # Whoever accepts an environment runs pipelines from a workstation, as Airflow would.
  groups   = { for group in ["scientists", "engineers", "oncall", "it", "acceptance"] : group => group == "acceptance" ? ["acceptance", "run-batch", "run-data"] : [group] }
  taken    = { for group, members in var.people : group => members if length(members) > 0 && var.create }
  attached = merge([for group in keys(local.taken) : { for policy in local.groups[group] : "${group} ${policy}" => { group = group, policy = policy } }]...)
}

resource "aws_iam_policy" "this" {
  for_each = var.create ? local.documents : {}

  name        = "${var.name}-${local.region}-people-${each.key}"
  description = "People of ${var.name}: ${each.key}"
  policy      = each.value
  tags        = var.tags
}

data "aws_iam_policy_document" "members" {
  for_each = local.taken

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = each.value
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.taken

  name                 = "${var.name}-${local.region}-people-${each.key}"
  description          = "People of ${var.name}: ${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.members[each.key].json
  max_session_duration = 28800
  tags                 = var.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = local.attached

  role       = aws_iam_role.this[each.value.group].name
  policy_arn = aws_iam_policy.this[each.value.policy].arn
}
