# Plans only, without an account: what AWS would be asked is answered here.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

run "a_table_of_days_by_their_dates" {
  command = plan

  assert {
    condition     = aws_glue_catalog_table.attempt_files[0].parameters["storage.location.template"] == "s3://lab-results/workspaces/ledger/attempts/merged/date=$${date}/"
    error_message = "days are looked for elsewhere"
  }

  assert {
    condition     = aws_glue_catalog_table.attempt_files[0].parameters["projection.enabled"] == "true" && aws_glue_catalog_table.attempt_files[0].partition_keys[0].name == "date"
    error_message = "somebody would have to tell Glue of each day"
  }

  assert {
    condition = alltrue([
      for column in aws_glue_catalog_table.attempt_files[0].storage_descriptor[0].columns : contains(["string", "double", "bigint", "timestamp", "map<string,string>"], column.type)
    ])
    error_message = "a column has no type of Hive"
  }
}

run "file_systems_by_their_dates" {
  command = plan

  assert {
    condition     = aws_glue_catalog_table.file_system_files[0].parameters["storage.location.template"] == "s3://lab-results/workspaces/ledger/file_systems/date=$${date}/"
    error_message = "file systems are looked for elsewhere"
  }

  assert {
    condition     = [for column in aws_glue_catalog_table.file_system_files[0].storage_descriptor[0].columns : column.type if contains(["started", "ended"], column.name)] == ["string", "string"]
    error_message = "JSON has no times of its own"
  }
}

run "views_have_their_sql" {
  command = plan

  assert {
    condition     = toset(keys(aws_glue_catalog_table.view)) == toset(["attempts", "file_systems", "runs", "plates", "projects"])
    error_message = "a view lacks"
  }

  assert {
    condition = alltrue([
      for name, view in aws_glue_catalog_table.view :
      length(jsondecode(base64decode(trimsuffix(trimprefix(view.view_original_text, "/* Presto View: "), " */"))).columns) == length(view.storage_descriptor[0].columns)
    ])
    error_message = "a view has other columns in Athena than in Glue"
  }

  assert {
    condition     = strcontains(base64decode(trimsuffix(trimprefix(aws_glue_catalog_table.view["attempts"].view_original_text, "/* Presto View: "), " */")), "platerunner_t.attempt_files")
    error_message = "attempts are of another database"
  }
}

run "a_query_may_read_so_much" {
  command = plan

  assert {
    condition     = aws_athena_workgroup.this[0].configuration[0].bytes_scanned_cutoff_per_query == 53687091200 && aws_athena_workgroup.this[0].configuration[0].enforce_workgroup_configuration
    error_message = "a query may read as much as it wants"
  }
}

run "answers_are_private_and_forgotten" {
  command = plan

  assert {
    condition = alltrue([
      for block in aws_s3_bucket_public_access_block.results : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ]) && one(aws_s3_bucket_lifecycle_configuration.results[0].rule).expiration[0].days == 30
    error_message = "answers are public, or kept for good"
  }
}

run "nobody_is_named_who_asks" {
  command = plan

  assert {
    condition     = length(aws_iam_policy.ask) == 1 && length(aws_iam_role.ask) == 0 && length(aws_iam_role_policy_attachment.ask) == 0
    error_message = "there is a role that nobody may take, or no policy"
  }
}

run "who_asks_takes_a_role" {
  command = plan

  variables {
    asked_by = ["arn:aws:iam::123456789012:role/analysts"]
  }

  assert {
    condition     = length(aws_iam_role.ask) == 1 && length(aws_iam_role_policy_attachment.ask) == 1
    error_message = "no role asks the ledger"
  }
}

run "everybody_may_ask" {
  command = plan

  variables {
    asked_by = ["*"]
  }

  expect_failures = [var.asked_by]
}

run "disabled_makes_nothing" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition     = length(concat(aws_glue_catalog_database.this[*], aws_glue_catalog_table.attempt_files[*], aws_glue_catalog_table.file_system_files[*], values(aws_glue_catalog_table.view), aws_athena_workgroup.this[*], aws_s3_bucket.results[*], aws_s3_bucket_policy.results[*], aws_iam_policy.ask[*], aws_iam_role.ask[*])) == 0
    error_message = "a disabled module makes something"
  }
}

run "a_ledger_on_a_laptop" {
  command = plan

  variables {
    ledger_url = "/home/lab/ledger"
  }

  expect_failures = [var.ledger_url]
}

run "a_day_that_is_none" {
  command = plan

  variables {
    first_day = "yesterday"
  }

  expect_failures = [var.first_day]
}

run "no_limit" {
  command = plan

  variables {
    max_gib_per_query = 0
  }

  expect_failures = [var.max_gib_per_query]
}
