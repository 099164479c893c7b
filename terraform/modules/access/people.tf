# What each group may do, and no more. Approving, starting and retrying are Airflow's: the role of its pages decides.

locals {
  data_arn      = "${local.arn}:s3:::${var.data.bucket}"
  workspace_arn = "${local.arn}:s3:::${var.workspace.bucket}"
  job_logs      = "${local.arn}:logs:${local.here}:log-group:/aws/batch/${var.name}"
  pages         = var.on_mwaa ? [] : [data.aws_iam_policy_document.pages.json]
  airflow_logs  = "${local.arn}:logs:${local.here}:log-group:airflow-${var.name}-*"
}

# Airflow's pages on the coordinator: a session that forwards its port, and no shell.
data "aws_iam_policy_document" "pages" {
  statement {
    sid       = "OpenAirflowsPages"
    actions   = ["ssm:StartSession"]
    resources = ["${local.arn}:ec2:${local.here}:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "ssm:resourceTag/platerunner:coordinator"
      values   = [var.name]
    }

    # Else a document that nobody named, the shell, would need no permission.
    condition {
      test     = "BoolIfExists"
      variable = "ssm:SessionDocumentAccessCheck"
      values   = ["true"]
    }
  }

  statement {
    sid       = "ForwardAPortAlone"
    actions   = ["ssm:StartSession"]
    resources = ["${local.arn}:ssm:${local.region}::document/AWS-StartPortForwardingSession"]
  }

  statement {
    sid       = "EndOnesOwnSessions"
    actions   = ["ssm:ResumeSession", "ssm:TerminateSession"]
    resources = ["${local.arn}:ssm:${local.here}:session/$${aws:userid}-*"]
  }
}

# Upload raw data, read it and the results. Nothing is deleted, and an overwritten object keeps its versions.
data "aws_iam_policy_document" "scientists" {
  source_policy_documents = local.pages

  dynamic "statement" {
    for_each = var.on_mwaa ? [1] : []

    content {
      sid       = "SignInToAirflow"
      actions   = ["airflow:CreateWebLoginToken"]
      resources = ["${local.airflow}:role/${var.name}/User"]
    }
  }

  statement {
    sid       = "UploadRawData"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${local.data_arn}/${var.data.prefix}/*"]
  }

  statement {
    sid       = "ReadDataAndResults"
    actions   = ["s3:GetObject"]
    resources = ["${local.data_arn}/${var.data.prefix}/*", "${local.workspace_arn}/${var.workspace.prefix}/*"]
  }

  dynamic "statement" {
    for_each = { Data = [local.data_arn, var.data.prefix], Results = [local.workspace_arn, var.workspace.prefix] }

    content {
      sid       = "List${statement.key}"
      actions   = ["s3:ListBucket"]
      resources = [statement.value[0]]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = [statement.value[1], "${statement.value[1]}/*"]
      }
    }
  }

  statement {
    sid       = "UseTheKeyThroughS3"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }
  }
}

# Deploy the bundle, and see what became of it: what `platerunner deploy` calls.
data "aws_iam_policy_document" "engineers" {
  source_policy_documents = local.pages

  dynamic "statement" {
    for_each = var.on_mwaa ? [1] : []

    content {
      sid       = "SignInToAirflow"
      actions   = ["airflow:CreateWebLoginToken"]
      resources = ["${local.airflow}:role/${var.name}/Op"]
    }
  }

  dynamic "statement" {
    for_each = var.on_mwaa ? [1] : []

    content {
      sid       = "TellTheEnvironment"
      actions   = ["airflow:GetEnvironment", "airflow:UpdateEnvironment"]
      resources = ["${local.airflow}:environment/${var.name}"]
    }
  }

  # MWAA asks for it with each update, also where the role stays the same.
  dynamic "statement" {
    for_each = var.on_mwaa ? [1] : []

    content {
      sid       = "PassAirflowsRole"
      actions   = ["iam:PassRole"]
      resources = [var.airflow_role_arn]

      condition {
        test     = "StringEquals"
        variable = "iam:PassedToService"
        values   = ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]
      }
    }
  }

  # Old versions stay: only s3:DeleteObjectVersion ends them.
  statement {
    sid       = "UploadTheBundle"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${var.airflow_bucket_arn}/*"]
  }

  statement {
    sid       = "LookAtTheBundle"
    actions   = ["s3:GetBucketVersioning", "s3:ListBucket"]
    resources = [var.airflow_bucket_arn]
  }

  statement {
    sid       = "UseTheKeyThroughS3"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "ReadLogs"
    actions   = ["logs:FilterLogEvents", "logs:GetLogEvents"]
    resources = ["${local.job_logs}:*", "${local.airflow_logs}:*"]
  }
}

# At three in the morning: see everything, retry in Airflow, end jobs of this environment. No data, no code.
data "aws_iam_policy_document" "oncall" {
  source_policy_documents = local.pages

  dynamic "statement" {
    for_each = var.on_mwaa ? [1] : []

    content {
      sid       = "SignInToAirflow"
      actions   = ["airflow:CreateWebLoginToken"]
      resources = ["${local.airflow}:role/${var.name}/Op"]
    }
  }

  # Reads, for which AWS offers no resource-level permission.
  statement {
    sid = "LookAtBatchAndMetrics"
    actions = [
      "batch:DescribeComputeEnvironments", "batch:DescribeJobDefinitions", "batch:DescribeJobQueues", "batch:DescribeJobs", "batch:ListJobs",
      "cloudwatch:GetMetricData",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "SeeAlarms"
    actions   = ["cloudwatch:DescribeAlarms"]
    resources = ["${local.arn}:cloudwatch:${local.here}:alarm:*"]
  }

  statement {
    sid       = "FindLogGroups"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["${local.arn}:logs:${local.here}:log-group:*"]
  }

  statement {
    sid       = "SeeTheDashboard"
    actions   = ["cloudwatch:GetDashboard"]
    resources = ["${local.arn}:cloudwatch::${local.account}:dashboard/${var.name}*"]
  }

  statement {
    sid       = "EndOurJobs"
    actions   = ["batch:CancelJob", "batch:TerminateJob"]
    resources = ["${local.arn}:batch:${local.here}:job/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/platerunner:environment"
      values   = [var.name]
    }
  }

  # A shell sees what the job sees, so the workspace, which tells what runs, is no more than that; who opened one is kept there.
  dynamic "statement" {
    for_each = var.shell ? [1] : []

    content {
      sid       = "OpenAShellInAJob"
      actions   = ["ecs:DescribeTasks", "ecs:ExecuteCommand"]
      resources = flatten([for cluster in ["AWSBatch-${var.name}-*", "${var.name}-*_Batch_*"] : [for kind in ["cluster/${cluster}", "task/${cluster}/*"] : "${local.arn}:ecs:${local.here}:${kind}"]])
    }
  }

  dynamic "statement" {
    for_each = var.shell ? [1] : []

    content {
      sid       = "SeeWhatRuns"
      actions   = ["s3:GetObject"]
      resources = ["${local.workspace_arn}/${var.workspace.prefix}/*"]
    }
  }

  dynamic "statement" {
    for_each = var.shell ? [1] : []

    content {
      sid       = "ListWhatRuns"
      actions   = ["s3:ListBucket"]
      resources = [local.workspace_arn]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = [var.workspace.prefix, "${var.workspace.prefix}/*"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.shell ? [1] : []

    content {
      sid       = "KeepWhoOpenedIt"
      actions   = ["s3:PutObject"]
      resources = ["${local.workspace_arn}/${var.workspace.prefix}/*/_platerunner/shells/*"]
    }
  }

  dynamic "statement" {
    for_each = var.shell ? [1] : []

    content {
      sid       = "UseTheKeyThroughS3"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [var.kms_key_arn]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.amazonaws.com"]
      }
    }
  }

  statement {
    sid       = "ReadLogs"
    actions   = ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"]
    resources = [local.job_logs, "${local.job_logs}:*", local.airflow_logs, "${local.airflow_logs}:*"]
  }
}

# Money: what was spent, the limit, the switch of the queues.
data "aws_iam_policy_document" "it" {
  # Cost Explorer has no resource-level permission.
  statement {
    sid       = "SeeCosts"
    actions   = ["ce:GetCostAndUsage", "ce:GetCostForecast", "ce:GetDimensionValues", "ce:GetTags"]
    resources = ["*"]
  }

  statement {
    sid       = "ChangeTheBudget"
    actions   = ["budgets:ModifyBudget", "budgets:ViewBudget"]
    resources = ["${local.arn}:budgets::${local.account}:budget/${var.name}-monthly"]
  }

  statement {
    sid       = "CloseAndOpenTheQueues"
    actions   = ["states:StartExecution"]
    resources = [var.switch_arn]
  }

  statement {
    sid       = "SeeThatItWasDone"
    actions   = ["states:DescribeExecution"]
    resources = ["${replace(var.switch_arn, ":stateMachine:", ":execution:")}:*"]
  }

  statement {
    sid       = "LookAtTheQueues"
    actions   = ["batch:DescribeComputeEnvironments", "batch:DescribeJobQueues"]
    resources = ["*"] # AWS offers nothing narrower for these reads
  }

  statement {
    sid       = "ReadTheAuditTrail"
    actions   = ["cloudtrail:LookupEvents"]
    resources = ["*"] # AWS offers nothing narrower for this read
  }
}

# What `platerunner accept` does besides running: it closes the spot queue for a moment, and opens it.
data "aws_iam_policy_document" "acceptance" {
  statement {
    sid       = "CloseAndOpenTheQueues"
    actions   = ["batch:UpdateJobQueue"]
    resources = var.queue_arns
  }

  statement {
    sid       = "UseTheKeyThroughS3"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }
  }
}
