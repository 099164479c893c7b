# Views as Athena keeps them in Glue: the SQL and its columns, as JSON in a comment.

locals {
  presto = { text = "varchar", number = "double", integer = "bigint", time = "timestamp", tags = "map(varchar,varchar)", date = "date" }

  # While files are merged, a row may be seen in two of them.
  attempts_sql = <<-SQL
    SELECT ${join(", ", local.columns[*].name)}, "date", element_at(tags, 'project') AS project
    FROM (
      SELECT *, row_number() OVER (PARTITION BY "date", job, unit ORDER BY "$path" DESC) AS seen
      FROM ${local.database}.attempt_files
    )
    WHERE seen = 1
  SQL

  file_systems_sql = <<-SQL
    SELECT ${join(", ", [for each in local.file_system_columns : each.type == "time" ? "CAST(from_iso8601_timestamp(${each.name}) AS timestamp) AS ${each.name}" : each.name])},
           "date", element_at(tags, 'project') AS project
    FROM ${local.database}.file_system_files
  SQL

  days = [{ name = "date", type = "date" }, { name = "project", type = "text" }]
  sums = [
    { name = "attempts", type = "integer" }, { name = "failed", type = "integer" }, { name = "usd", type = "number" },
    { name = "usd_failed", type = "number" }, { name = "without_price", type = "integer" },
  ]
  stored_sums = [{ name = "usd_file_systems", type = "number" }, { name = "file_systems_without_price", type = "integer" }]
  groups = {
    runs = [
      { name = "pipeline", type = "text" }, { name = "run", type = "text" }, { name = "owner", type = "text" },
      { name = "first_submitted", type = "time" }, { name = "last_ended", type = "time" },
    ]
    plates   = [{ name = "pipeline", type = "text" }, { name = "plate", type = "text" }]
    projects = [{ name = "project", type = "text" }, { name = "owner", type = "text" }, { name = "month", type = "date" }]
  }

  views = merge(
    {
      attempts = {
        sql     = local.attempts_sql
        columns = concat([for each in local.columns : { name = each.name, type = each.type }], local.days)
      }
      file_systems = {
        sql     = local.file_systems_sql
        columns = concat([for each in local.file_system_columns : { name = each.name, type = each.type }], local.days)
      }
    },
    { for name, group in local.groups : name => { sql = file("${path.module}/views/${name}.sql"), columns = concat(group, local.sums, name == "plates" ? [] : local.stored_sums) } },
  )
}

resource "aws_glue_catalog_table" "view" {
  for_each = var.create ? local.views : {}

  name          = each.key
  database_name = aws_glue_catalog_database.this[0].name
  table_type    = "VIRTUAL_VIEW"
  parameters    = { presto_view = "true", comment = "Presto View" }

  view_expanded_text = "/* Presto View */"
  view_original_text = format("/* Presto View: %s */", base64encode(jsonencode({
    originalSql = each.value.sql
    catalog     = "awsdatacatalog"
    schema      = local.database
    columns     = [for column in each.value.columns : { name = column.name, type = local.presto[column.type] }]
  })))

  storage_descriptor {
    dynamic "columns" {
      for_each = each.value.columns

      content {
        name = columns.value.name
        type = columns.value.type == "date" ? "date" : local.hive[columns.value.type]
      }
    }
  }

  depends_on = [aws_glue_catalog_table.attempt_files, aws_glue_catalog_table.file_system_files]
}
