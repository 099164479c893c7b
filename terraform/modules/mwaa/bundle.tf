# What MWAA runs, uploaded from the bundle's folder. New contents are a new version, which the environment then takes.

locals {
  upload = var.create && var.bundle_dir != null
  dags   = local.upload ? fileset(var.bundle_dir, "dags/**") : toset([])
  names  = { requirements = "requirements.txt", plugins = "plugins.zip", startup = "startup.sh" }
  found  = local.upload ? { for key, name in local.names : key => name if fileexists("${var.bundle_dir}/${name}") } : {}

  files = {
    for key, name in local.names : key => local.upload ? {
      key     = try(aws_s3_object.file[key].key, null)
      version = try(aws_s3_object.file[key].version_id, null)
      } : {
      key     = var.uploaded[key]
      version = var.uploaded["${key}_version"]
    }
  }
}

resource "aws_s3_object" "file" {
  for_each = local.found

  bucket      = var.bucket.name
  key         = each.value
  source      = "${var.bundle_dir}/${each.value}"
  source_hash = filemd5("${var.bundle_dir}/${each.value}")
  kms_key_id  = var.kms_key_arn
  tags        = var.tags

  lifecycle {
    # Else MWAA waits an hour for PyPI, and says nothing of it.
    precondition {
      condition     = (var.way_out && var.web_access == "PUBLIC_ONLY") || each.key != "requirements" || strcontains(file("${var.bundle_dir}/${each.value}"), "--no-index")
      error_message = "requirements.txt asks PyPI, which a private web server, or a network without a way out, does not reach: make the bundle anew by `platerunner bundle --offline`, which brings all wheels."
    }
  }
}

resource "aws_s3_object" "dag" {
  for_each = local.dags

  bucket      = var.bucket.name
  key         = each.value
  source      = "${var.bundle_dir}/${each.value}"
  source_hash = filemd5("${var.bundle_dir}/${each.value}")
  kms_key_id  = var.kms_key_arn
  tags        = var.tags
}
