# What the control plane costs while nothing runs: an estimate for IT, from list prices that may have changed.

locals {
  hours = 730

  # US dollars per hour or month in us-east-1. Prices of MWAA: https://aws.amazon.com/managed-workflows-for-apache-airflow/pricing/;
  # of NAT gateways and endpoints: https://aws.amazon.com/vpc/pricing/ and https://aws.amazon.com/privatelink/pricing/.
  mwaa_usd = {
    "mw1.micro"   = { base = 0.29, extra = 0, web = 0 }
    "mw1.small"   = { base = 0.49, extra = 0.055, web = 0.028 }
    "mw1.medium"  = { base = 0.74, extra = 0.11, web = 0.055 }
    "mw1.large"   = { base = 0.99, extra = 0.22, web = 0.11 }
    "mw1.xlarge"  = { base = 1.98, extra = 0.44, web = 0.22 }
    "mw1.2xlarge" = { base = 3.96, extra = 0.88, web = 0.44 }
  }
  nat_usd      = 0.045
  endpoint_usd = 0.01
  # MWAA makes two endpoints of its own, for its database and its pages, in two zones.
  mwaa_endpoints = 4
  fixed_usd      = 10 # the key, the secret, alarms, the dashboard, 10 GB of MWAA's database, a little CloudWatch

  # The base has one worker, two schedulers and two web servers.
  mwaa_hourly = (
    local.mwaa_usd[var.airflow.class].base
    + local.mwaa_usd[var.airflow.class].extra * (var.airflow.workers.min - 1 + max(0, var.airflow.schedulers - 2))
    + local.mwaa_usd[var.airflow.class].web * max(0, var.airflow.webservers.min - 2)
  )
  network_hourly = module.network.nat_gateway_count * local.nat_usd + (module.network.interface_endpoint_count + local.mwaa_endpoints) * local.endpoint_usd
}
