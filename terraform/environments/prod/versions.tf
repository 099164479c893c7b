terraform {
  # 1.9: validations may look at other variables.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }

  # Bucket, key and region come from a file: terraform init -backend-config=backend.hcl (see ../../README.md).
  # S3 locks the state by itself (use_lockfile), and encrypts it.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}
