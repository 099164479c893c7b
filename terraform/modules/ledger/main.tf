# A ledger of Platerunner for Athena: Glue tables of the merged files and of file systems, views on them, and a workgroup
# that may read so much.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  database  = replace(var.name, "-", "_")
  bucket    = "${var.name}-athena-${local.account}-${data.aws_region.this.region}"
  merged    = "${trimsuffix(var.ledger_url, "/")}/attempts/merged"
  stored    = "${trimsuffix(var.ledger_url, "/")}/file_systems"
  columns   = yamldecode(file("${path.module}/columns.yaml")).columns

  file_system_columns = yamldecode(file("${path.module}/file_systems.yaml")).columns

  hive = { text = "string", number = "double", integer = "bigint", time = "timestamp", tags = "map<string,string>" }
}

resource "aws_glue_catalog_database" "this" {
  count = var.create ? 1 : 0

  name        = local.database
  description = "What attempts took and cost, for ${var.name}"
  tags        = var.tags
}

# Glue need not hear of days: their folders follow from their dates. Pipelines are folders below, read with them.
resource "aws_glue_catalog_table" "attempt_files" {
  count = var.create ? 1 : 0

  name          = "attempt_files"
  database_name = aws_glue_catalog_database.this[0].name
  table_type    = "EXTERNAL_TABLE"
  parameters = {
    EXTERNAL                        = "TRUE"
    classification                  = "parquet"
    "projection.enabled"            = "true"
    "projection.date.type"          = "date"
    "projection.date.format"        = "yyyy-MM-dd"
    "projection.date.range"         = "${var.first_day},NOW"
    "projection.date.interval"      = "1"
    "projection.date.interval.unit" = "DAYS"
    "storage.location.template"     = "${local.merged}/date=$${date}/"
  }

  partition_keys {
    name = "date"
    type = "date"
  }

  storage_descriptor {
    location      = "${local.merged}/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = local.columns

      content {
        name    = columns.value.name
        type    = local.hive[columns.value.type]
        comment = substr(columns.value.what, 0, 255)
      }
    }
  }
}

# A file of JSON for each file system of a run: few, and read as they are. Times are texts there.
resource "aws_glue_catalog_table" "file_system_files" {
  count = var.create ? 1 : 0

  name          = "file_system_files"
  database_name = aws_glue_catalog_database.this[0].name
  table_type    = "EXTERNAL_TABLE"
  parameters = {
    EXTERNAL                        = "TRUE"
    classification                  = "json"
    "projection.enabled"            = "true"
    "projection.date.type"          = "date"
    "projection.date.format"        = "yyyy-MM-dd"
    "projection.date.range"         = "${var.first_day},NOW"
    "projection.date.interval"      = "1"
    "projection.date.interval.unit" = "DAYS"
    "storage.location.template"     = "${local.stored}/date=$${date}/"
  }

  partition_keys {
    name = "date"
    type = "date"
  }

  storage_descriptor {
    location      = "${local.stored}/"
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = "org.openx.data.jsonserde.JsonSerDe"
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = local.file_system_columns

      content {
        name    = columns.value.name
        type    = columns.value.type == "time" ? "string" : local.hive[columns.value.type]
        comment = substr(columns.value.what, 0, 255)
      }
    }
  }
}

resource "aws_athena_workgroup" "this" {
  count = var.create ? 1 : 0

  name          = "${var.name}-ledger"
  description   = "Questions to the ledger of ${var.name}"
  force_destroy = true
  tags          = var.tags

  configuration {
    # What a person sets on a query of their own does not go before this.
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.max_gib_per_query * 1073741824

    result_configuration {
      output_location       = "s3://${aws_s3_bucket.results[0].bucket}/"
      expected_bucket_owner = local.account

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}
