# Where images are: a tag never moves, so that a digest that a result names can always be found again.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  repositories = var.create ? var.repositories : []
  caches       = var.create ? var.pull_through : {}
  prefix_arn   = "arn:${data.aws_partition.this.partition}:ecr:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}:repository/${var.name}"
}

resource "aws_ecr_repository" "this" {
  for_each = local.repositories

  name                 = "${var.name}/${each.key}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = false
  tags                 = var.tags

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.kms_key_arn
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = local.repositories

  repository = aws_ecr_repository.this[each.key].name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "what lost its tag"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = var.untagged_days }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "all but the newest"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.kept_images }
        action       = { type = "expire" }
      },
    ]
  })
}

resource "aws_ecr_pull_through_cache_rule" "this" {
  for_each = local.caches

  ecr_repository_prefix = "${var.name}/${each.key}"
  upstream_registry_url = each.value.registry
  credential_arn        = each.value.credential_arn
}

# ECR makes a repository for each image that it fetches, after this pattern. It sets no tag and no key of ours, since
# for those it would need a role that may write to the registry.
resource "aws_ecr_repository_creation_template" "this" {
  for_each = local.caches

  prefix               = "${var.name}/${each.key}"
  description          = "Images fetched from ${each.value.registry}"
  applied_for          = ["PULL_THROUGH_CACHE"]
  image_tag_mutability = "MUTABLE" # upstream's tags move, and the cache follows

  encryption_configuration {
    encryption_type = "AES256"
  }

  lifecycle_policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "fetched again when needed"
      selection    = { tagStatus = "any", countType = "sinceImagePushed", countUnit = "days", countNumber = 90 }
      action       = { type = "expire" }
    }]
  })
}
