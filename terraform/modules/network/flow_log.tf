# Who talked to whom, for whoever has to look into an incident. A VPC that is there already has its own, or none: its owner decides.

resource "aws_cloudwatch_log_group" "flow" {
  #checkov:skip=CKV_AWS_338:A year by default, and in prod; small and dev say less, which the approval paper shows.
  count = local.makes_vpc ? 1 : 0

  name              = "/aws/vpc/${var.name}"
  retention_in_days = var.flow_log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_flow_log" "this" {
  count = local.makes_vpc ? 1 : 0

  vpc_id               = aws_vpc.this[0].id
  traffic_type         = "ALL"
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.flow[0].arn
  iam_role_arn         = aws_iam_role.flow[0].arn
  tags                 = merge(var.tags, { Name = var.name })

  # Without it, the log is there and says "access error".
  depends_on = [aws_iam_role_policy.flow]
}

data "aws_iam_policy_document" "flow_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

data "aws_iam_policy_document" "flow" {
  statement {
    sid       = "WriteItsOwnLogGroup"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["arn:${data.aws_partition.this.partition}:logs:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}:log-group:/aws/vpc/${var.name}:*"]
  }
}

resource "aws_iam_role" "flow" {
  count = local.makes_vpc ? 1 : 0

  name               = "${var.name}-${data.aws_region.this.region}-flow-log"
  assume_role_policy = data.aws_iam_policy_document.flow_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "flow" {
  count = local.makes_vpc ? 1 : 0

  name   = "flow-log"
  role   = aws_iam_role.flow[0].id
  policy = data.aws_iam_policy_document.flow.json
}
