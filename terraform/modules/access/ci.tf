# CI without keys: roles that trust tokens of one repository. The provider of tokens is the account's, made once by IT.

locals {
  issuer = "token.actions.githubusercontent.com"
  ci = var.create && var.ci != null ? {
    # Pull requests of the repository itself and main; a fork's get no token.
    plan = { subjects = ["repo:${var.ci.repository}:pull_request", "repo:${var.ci.repository}:ref:refs/heads/main"], seconds = 3600, policy = data.aws_iam_policy_document.plan.json }
    # The GitHub environment alone, whose reviewers approve.
    apply = { subjects = ["repo:${var.ci.repository}:environment:${var.ci.environment}"], seconds = 7200, policy = data.aws_iam_policy_document.apply.json }
    push  = { subjects = ["repo:${var.ci.repository}:ref:refs/heads/main"], seconds = 3600, policy = data.aws_iam_policy_document.push.json }
  } : {}

  # `*` of these is every name in this account and region; the names of the environment begin with its own.
  named = [
    "${local.arn}:s3:::${var.name}-*",
    "${local.arn}:iam::${local.account}:role/${var.name}-*", "${local.arn}:iam::${local.account}:policy/${var.name}-*",
    "${local.arn}:iam::${local.account}:instance-profile/${var.name}-*",
    "${local.arn}:batch:${local.here}:*/${var.name}-*", "${local.arn}:ecr:${local.here}:repository/${var.name}/*",
    "${local.arn}:airflow:${local.here}:environment/${var.name}", "${local.arn}:logs:${local.here}:log-group:*${var.name}*",
    "${local.arn}:sns:${local.here}:${var.name}-*", "${local.arn}:sqs:${local.here}:${var.name}-*",
    "${local.arn}:states:${local.here}:stateMachine:${var.name}-*", "${local.arn}:pipes:${local.here}:pipe/${var.name}-*",
    "${local.arn}:events:${local.here}:rule/${var.name}-*", "${local.arn}:cloudwatch:${local.here}:alarm:${var.name}-*",
    "${local.arn}:cloudwatch::${local.account}:dashboard/${var.name}*", "${local.arn}:secretsmanager:${local.here}:secret:${var.name}/*",
    "${local.arn}:ssm:${local.here}:parameter/${var.name}/*", "${local.arn}:budgets::${local.account}:budget/${var.name}-*",
    "${local.arn}:athena:${local.here}:workgroup/${var.name}-*",
    "${local.arn}:backup:${local.here}:backup-vault:${var.name}", "${local.arn}:cloudtrail:${local.here}:trail/${var.name}",
    "${local.arn}:ecs:${local.here}:*/${var.name}-*", "${local.arn}:kms:${local.here}:alias/${var.name}", "${local.arn}:kms:${local.here}:alias/${var.name}-*",
    "${local.arn}:glue:${local.here}:catalog", "${local.arn}:glue:${local.here}:database/${local.database}", "${local.arn}:glue:${local.here}:table/${local.database}/*",
  ]
  database = replace(var.name, "-", "_") # as in the ledger module
  services = [
    "airflow", "athena", "backup", "batch", "budgets", "cloudtrail", "cloudwatch", "dlm", "ec2", "ecr", "ecs", "elasticfilesystem", "events", "glue", "iam", "kms", "logs", "pipes", "route53", "s3",
    "secretsmanager", "servicediscovery", "sns", "sqs", "ssm", "states",
  ]
  # Things of these AWS names itself: what carries the tag of the environment is its own.
  by_tag = ["backup", "batch", "dlm", "ec2", "elasticfilesystem", "kms", "servicediscovery"]
  # Calls that make such a thing.
  makes = [
    "ec2:AllocateAddress", "ec2:CreateFlowLogs", "ec2:CreateInternetGateway", "ec2:CreateLaunchTemplate", "ec2:CreateNatGateway", "ec2:CreateNetworkInterface", "ec2:CreateRouteTable",
    "ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateVolume", "ec2:CreateVpc", "ec2:CreateVpcEndpoint", "ec2:RunInstances",
  ]
  linked = ["airflow", "batch", "ecs", "elasticfilesystem", "events", "spot"]
}

data "aws_iam_policy_document" "tokens" {
  for_each = local.ci

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [var.ci.oidc_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = each.value.subjects
    }
  }
}

# A plan reads how things are, not what is in them: no object but the state's and the bundle's, no secret but the connection, which
# holds none.
data "aws_iam_policy_document" "plan" {
  #checkov:skip=CKV_AWS_356:Most reads of configuration have no resource-level permission.
  statement {
    sid       = "SeeHowThingsAre"
    actions   = concat([for service in local.services : "${service}:Describe*"], [for service in local.services : "${service}:List*"])
    resources = ["*"]
  }

  statement {
    sid = "SeeTheirSettings"
    actions = [
      "airflow:GetEnvironment", "athena:GetWorkGroup", "backup:GetBackupPlan", "backup:GetBackupSelection", "budgets:ViewBudget", "cloudtrail:GetEventSelectors", "cloudtrail:GetTrail*",
      "cloudwatch:GetDashboard", "dlm:GetLifecyclePolicy", "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy", "glue:GetDatabase", "route53:GetHostedZone", "servicediscovery:Get*", "states:ValidateStateMachineDefinition",
      "glue:GetTable*", "glue:GetTags", "iam:GetInstanceProfile", "iam:GetPolicy*", "iam:GetRole*", "kms:GetKey*", "s3:GetAccelerateConfiguration", "s3:GetBucket*", "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "secretsmanager:GetResourcePolicy", "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "ReadTheConnectionAndTheSwitch"
    actions   = ["secretsmanager:GetSecretValue", "ssm:GetParameter*"]
    resources = ["${local.arn}:secretsmanager:${local.here}:secret:${var.name}/*", "${local.arn}:ssm:${local.here}:parameter/${var.name}/*", "${local.arn}:ssm:${local.region}::parameter/aws/service/*"]
  }

  statement {
    sid       = "DecryptTheConnectionAndTheBundle"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com", "secretsmanager.${local.region}.amazonaws.com"]
    }
  }

  # Whether the bundle is there as the last apply uploaded it.
  statement {
    sid       = "LookAtTheBundle"
    actions   = ["s3:GetObject", "s3:GetObjectTagging"]
    resources = ["${var.airflow_bucket_arn}/*"]
  }

  statement {
    sid       = "ReadTheState"
    actions   = ["s3:GetObject"]
    resources = ["${local.arn}:s3:::${try(var.ci.state_bucket, "none")}/*"]
  }
}

# An apply changes what is named after the environment. What AWS names itself (VPC, keys, plans of backups) has to carry its tag or is
# made with it. It ends no key, no bucket, no version, no backup and no trail: an administrator does. It can give a role of the
# environment's name any right, as every role that manages roles can: what stands between is the review of the plan.
data "aws_iam_policy_document" "apply" {
  #checkov:skip=CKV_AWS_109:Terraform manages the roles of this environment; the names limit which, and the last statement denies its own.
  #checkov:skip=CKV_AWS_111:EC2 and KMS name their things themselves; the tag limits which.
  #checkov:skip=CKV_AWS_356:EC2 and KMS name their things themselves; the tag limits which.
  #checkov:skip=CKV2_AWS_40:IAM is managed by names of this environment.
  source_policy_documents = [data.aws_iam_policy_document.plan.json]

  statement {
    sid       = "ChangeWhatIsNamedAfterIt"
    actions   = [for service in setsubtract(local.services, ["dlm", "ec2", "elasticfilesystem", "route53", "servicediscovery"]) : "${service}:*"]
    resources = local.named
  }

  statement {
    sid = "MakeWhatAwsNames"
    actions = concat(local.makes, [
      "backup:CreateBackupPlan", "dlm:CreateLifecyclePolicy", "elasticfilesystem:CreateFileSystem", "kms:CreateKey", "route53:CreateHostedZone",
      "servicediscovery:CreatePrivateDnsNamespace", "servicediscovery:CreateService",
    ])
    resources = ["*"]
  }

  # A tag makes a thing the environment's own, so nothing of others may get it: it is given where the thing is made.
  statement {
    sid       = "TagInMaking"
    actions   = ["ec2:CreateTags"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = [for call in local.makes : trimprefix(call, "ec2:")]
    }
  }

  # These services do not tell tags in making from tags later: what bears another environment's tag is safe, and what bears none is not.
  statement {
    sid       = "TagWhatIsMade"
    actions   = [for service in setsubtract(local.by_tag, ["batch", "ec2"]) : "${service}:TagResource"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/platerunner:environment"
      values   = [var.name]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:ResourceTag/platerunner:environment"
      values   = [var.name]
    }
  }

  # AWS makes it with the VPC, without a tag.
  statement {
    sid       = "TagTheDefaultSecurityGroup"
    actions   = ["ec2:CreateTags"]
    resources = ["${local.arn}:ec2:${local.here}:security-group/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/platerunner:environment"
      values   = [var.name]
    }

    condition {
      test     = "Null"
      variable = "aws:ResourceTag/platerunner:environment"
      values   = ["true"]
    }
  }

  statement {
    sid       = "ChangeWhatCarriesItsTag"
    actions   = [for service in local.by_tag : "${service}:*"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/platerunner:environment"
      values   = [var.name]
    }
  }

  # AWS offers no resource-level permission for these.
  statement {
    sid = "ChangeSettingsOfTheAccount"
    actions = [
      "backup-storage:MountCapsule", "ecr:CreatePullThroughCacheRule", "ecr:CreateRepositoryCreationTemplate", "ecr:DeletePullThroughCacheRule", "ecr:DeleteRepositoryCreationTemplate",
      "ecr:UpdatePullThroughCacheRule", "ecr:UpdateRepositoryCreationTemplate", "ecs:DeregisterTaskDefinition", "logs:DeleteResourcePolicy", "logs:PutResourcePolicy",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "LetServicesMakeTheirRoles"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["${local.arn}:iam::${local.account}:role/aws-service-role/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = [for service in local.linked : "${service}.amazonaws.com"]
    }
  }

  statement {
    sid       = "KeepTheState"
    actions   = ["s3:PutObject", "s3:DeleteObject"]
    resources = ["${local.arn}:s3:::${try(var.ci.state_bucket, "none")}/*"]
  }

  statement {
    sid    = "NeverEndWhatIsKept"
    effect = "Deny"
    actions = [
      "backup:DeleteBackupVaultLockConfiguration", "backup:DeleteRecoveryPoint", "cloudtrail:DeleteTrail", "cloudtrail:StopLogging", "kms:DisableKey", "kms:ScheduleKeyDeletion",
      "s3:BypassGovernanceRetention", "s3:DeleteBucket", "s3:DeleteObjectVersion",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "LeaveItsOwnRoleAlone"
    effect    = "Deny"
    actions   = ["iam:Attach*", "iam:Delete*", "iam:Detach*", "iam:Put*", "iam:Update*"]
    resources = ["${local.arn}:iam::${local.account}:role/${var.name}-${local.region}-ci-*"]
  }
}

# Push images of this environment; tags there cannot be moved.
data "aws_iam_policy_document" "push" {
  statement {
    sid       = "SignInToTheRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # AWS offers nothing narrower
  }

  statement {
    sid = "PushOurImages"
    actions = [
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages", "ecr:DescribeImageScanFindings", "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:StartImageScan", "ecr:UploadLayerPart",
    ]
    resources = ["${local.arn}:ecr:${local.here}:repository/${var.name}/*"]
  }
}

resource "aws_iam_role" "ci" {
  for_each = local.ci

  name                 = "${var.name}-${local.region}-ci-${each.key}"
  description          = "CI of ${var.name}: ${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.tokens[each.key].json
  max_session_duration = each.value.seconds
  tags                 = var.tags
}

resource "aws_iam_role_policy" "ci" {
  for_each = local.ci

  name   = each.key
  role   = aws_iam_role.ci[each.key].id
  policy = each.value.policy
}
