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
  # t4g.nano, a public address, and 8 GiB of disk by the hour.
  nat_instance_usd = 0.0042 + 0.005 + 8 * 0.08 / 730
  # MWAA makes two endpoints of its own, for its database and its pages, in two zones.
  mwaa_endpoints = local.on_mwaa ? 4 : 0
  fixed_usd      = local.on_mwaa ? 10 : 4 # the key, the secret, alarms, the dashboard, a little CloudWatch; 10 GB of MWAA's database

  # A coordinator: https://aws.amazon.com/ec2/pricing/on-demand/ and https://aws.amazon.com/ebs/pricing/. A GiB of its volume is
  # paid there and once in snapshots, which hold what changed.
  coordinator_usd = {
    "t4g.medium" = 0.0336, "t4g.large" = 0.0672, "t4g.xlarge" = 0.1344
    "m7g.medium" = 0.0408, "m7g.large" = 0.0816, "m7g.xlarge" = 0.1632
    "r7g.medium" = 0.0536, "r7g.large" = 0.1071, "r7g.xlarge" = 0.2142
  }
  disk_usd     = 0.08
  snapshot_usd = 0.05

  # The base has one worker, two schedulers and two web servers.
  mwaa_hourly = (
    local.mwaa_usd[var.airflow.class].base
    + local.mwaa_usd[var.airflow.class].extra * (var.airflow.workers.min - 1 + max(0, var.airflow.schedulers - 2))
    + local.mwaa_usd[var.airflow.class].web * max(0, var.airflow.webservers.min - 2)
  )
  coordinator_monthly = (
    local.hours * local.coordinator_usd[var.coordinator.instance_type]
    + (10 + var.coordinator.disk_gib) * local.disk_usd + var.coordinator.disk_gib * local.snapshot_usd
  )
  airflow_monthly = local.on_mwaa ? local.hours * local.mwaa_hourly : local.coordinator_monthly
  network_hourly  = module.network.nat_gateway_count * local.nat_usd + module.network.nat_instance_count * local.nat_instance_usd + (module.network.interface_endpoint_count + local.mwaa_endpoints) * local.endpoint_usd
}
