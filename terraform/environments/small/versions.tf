terraform {
  # 1.10: the S3 backend locks the state by itself. Tests need 1.11 (override_during).
  required_version = ">= 1.10"

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
