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
    # ECR never lets a rule take what an earlier one has matched, whatever the earlier one does with it. So the first keeps
    # versions, and what the images catalog was pinned to once: results and job definitions name those.
    rules = [
      {
        rulePriority = 1
        description  = "versions, and what was used: kept, since no repository holds so many"
        selection    = { tagStatus = "tagged", tagPatternList = ["used-*", "*.*.*"], countType = "imageCountMoreThan", countNumber = 100000 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "builds that nobody used"
        selection    = { tagStatus = "tagged", tagPatternList = ["build-*"], countType = "imageCountMoreThan", countNumber = var.kept_images }
        action       = { type = "expire" }
      },
      {
        rulePriority = 3
        description  = "what never got a tag"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = var.untagged_days }
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
