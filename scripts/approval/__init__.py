"""The paper that IT signs, made from Terraform's plan itself."""
