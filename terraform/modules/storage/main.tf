# Three buckets: data (what comes in), results (workspaces), airflow (what MWAA runs); and one for their access logs.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  region    = data.aws_region.this.region
  partition = data.aws_partition.this.partition
  buckets   = var.create ? { for key in ["data", "results", "airflow"] : key => "${var.name}-${key}-${local.account}-${local.region}" } : {}
  trail_arn = "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${coalesce(var.trail_name, "none")}"
  log_name  = "${var.name}-logs-${local.account}-${local.region}"
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144:A copy in another region is the lab's choice (var.copy): it doubles the cost of what is copied.
  #checkov:skip=CKV2_AWS_62:Only the data bucket has arrivals that anybody waits for.
  for_each = local.buckets

  bucket        = each.value
  force_destroy = false
  tags          = merge(var.tags, { Name = each.value })

  lifecycle {
    prevent_destroy = true
  }
}

# EventBridge gets the arrivals; rules there choose who hears of them.
resource "aws_s3_bucket_notification" "data" {
  count = var.create ? 1 : 0

  bucket      = aws_s3_bucket.this["data"].id
  eventbridge = true
}
