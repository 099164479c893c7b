name   = "platerunner-t"
budget = { limit_usd = 1000 }
capacities = {
  spot      = { type = "SPOT", max_vcpus = 64, instance_types = ["r7i"] }
  on_demand = { type = "EC2", max_vcpus = 32, instance_types = ["r7i"] }
}
