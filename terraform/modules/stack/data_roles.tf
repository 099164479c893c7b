# Roles that other accounts lend for reading their buckets: `buckets` of the connection names them.

data "aws_iam_policy_document" "data_roles" {
  statement {
    sid       = "TakeRolesOfOtherAccounts"
    actions   = ["sts:AssumeRole"]
    resources = var.data_role_arns
  }
}

resource "aws_iam_role_policy" "data_roles" {
  for_each = length(var.data_role_arns) > 0 ? { job = module.batch.job_role_arn, airflow = local.airflow_role_arn } : {}

  name   = "roles-of-other-accounts"
  role   = reverse(split("/", each.value))[0]
  policy = data.aws_iam_policy_document.data_roles.json
}
