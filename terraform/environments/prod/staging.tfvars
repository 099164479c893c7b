# Staging: prod, made of the same files, with fewer cores. What is applied here today is applied to prod tomorrow.
#   terraform plan -var-file=staging.tfvars     with a backend.hcl of its own: key = "platerunner/staging.tfstate"
name              = "platerunner-staging"
stage             = "staging"
cidr_block        = "10.25.0.0/18"
monthly_limit_usd = 1500

size = {
  spot_vcpus      = 128
  on_demand_vcpus = 32
  disk_gib        = 200
  max_jobs        = 1000
  airflow_class   = "mw1.small"
  workers         = { min = 1, max = 3 }
}
