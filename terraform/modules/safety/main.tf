# What IT wants to hear of. A trail of its own says who did what, also to single objects; an alarm for each thing that should
# not happen goes to the topic. Where IT has a trail that reaches CloudWatch Logs, only the alarms are made.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  region    = data.aws_region.this.region
  watches   = var.create && var.audit != null
  trails    = local.watches && try(var.audit.log_group_name, null) == null
  log_group = local.trails ? "/aws/cloudtrail/${var.name}" : try(var.audit.log_group_name, null)
  namespace = "Platerunner/${var.name}/safety"

  # After the filters of CIS's AWS Foundations Benchmark, section 4.
  watched = !local.watches ? {} : {
    root-used = {
      description = "Somebody acted as the account's root. Ask who, and why not by a role."
      pattern     = "{ $.userIdentity.type = \"Root\" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != \"AwsServiceEvent\" }"
      threshold   = 1
    }
    bucket-opened = {
      description = "A bucket's policy, ACL or block of public access was changed. If no apply did it, look at the bucket at once."
      pattern     = "{ ($.eventSource = s3.amazonaws.com) && (($.eventName = PutBucketAcl) || ($.eventName = PutBucketPolicy) || ($.eventName = DeleteBucketPolicy) || ($.eventName = PutBucketPublicAccessBlock) || ($.eventName = DeleteBucketPublicAccessBlock) || ($.eventName = PutAccountPublicAccessBlock) || ($.eventName = DeleteAccountPublicAccessBlock)) }"
      threshold   = 1
    }
    key-ending = {
      description = "A key was disabled, or is to be deleted. Without the key of an environment nothing in its buckets can be read: `aws kms cancel-key-deletion`."
      pattern     = "{ ($.eventSource = kms.amazonaws.com) && (($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletion)) }"
      threshold   = 1
    }
    trail-changed = {
      description = "A trail was stopped, changed or deleted. If no apply did it, somebody may be hiding something."
      pattern     = "{ ($.eventSource = cloudtrail.amazonaws.com) && (($.eventName = StopLogging) || ($.eventName = DeleteTrail) || ($.eventName = UpdateTrail) || ($.eventName = PutEventSelectors)) }"
      threshold   = 1
    }
    many-denied = {
      description = "Many calls were denied. Either a role lacks something since the last apply, or somebody tries what they may not."
      pattern     = "{ ($.errorCode = \"*UnauthorizedOperation\") || ($.errorCode = \"AccessDenied*\") }"
      threshold   = var.denied_per_hour
    }
  }
}

resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_252:A message for each file of the log would tell nobody anything; the alarms below tell what matters.
  count = local.trails ? 1 : 0

  name                          = var.name
  s3_bucket_name                = var.log_bucket_name
  s3_key_prefix                 = "trail"
  kms_key_id                    = var.kms_key_arn
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.this[0].arn}:*"
  cloud_watch_logs_role_arn     = aws_iam_role.this[0].arn
  tags                          = var.tags

  advanced_event_selector {
    name = "What was done in the account"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }

  dynamic "advanced_event_selector" {
    for_each = try(var.audit.data_events, false) ? { "written or deleted" = "false", "read" = "true" } : {}

    content {
      name = "Which objects were ${advanced_event_selector.key}"

      field_selector {
        field  = "eventCategory"
        equals = ["Data"]
      }

      field_selector {
        field  = "resources.type"
        equals = ["AWS::S3::Object"]
      }

      field_selector {
        field  = "readOnly"
        equals = [advanced_event_selector.value]
      }

      field_selector {
        field       = "resources.ARN"
        starts_with = [for arn in var.bucket_arns : "${arn}/"]
      }

      # Jobs read each image, as their specs say and their outcomes record: millions of lines that tell nothing more.
      dynamic "field_selector" {
        for_each = advanced_event_selector.value == "true" ? [var.job_role_name] : []

        content {
          field           = "userIdentity.arn"
          not_starts_with = ["arn:${local.partition}:sts::${local.account}:assumed-role/${field_selector.value}/"]
        }
      }
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_cloudwatch_log_group" "this" {
  count = local.trails ? 1 : 0

  name              = local.log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.watched

  name           = "${var.name}-${each.key}"
  log_group_name = local.trails ? aws_cloudwatch_log_group.this[0].name : local.log_group
  pattern        = each.value.pattern

  metric_transformation {
    namespace = local.namespace
    name      = each.key
    value     = "1"
  }
}
