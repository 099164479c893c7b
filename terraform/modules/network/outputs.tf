output "vpc_id" {
  description = "Id of the VPC."
  value       = one(aws_vpc.this[*].id)
}

output "private_subnet_ids" {
  description = "Ids of the private subnets, in the order of their zones."
  value       = [for zone in local.zones : aws_subnet.private[zone].id]

  # Whoever starts something there needs its ways to AWS at once.
  depends_on = [
    aws_route_table_association.private, aws_route.private, aws_route.public, aws_route_table_association.public,
    aws_vpc_endpoint.s3, aws_vpc_endpoint.interface, aws_vpc_security_group_ingress_rule.endpoints_https,
    aws_vpc_security_group_egress_rule.jobs_https,
  ]
}

output "jobs_security_group_id" {
  description = "Id of the group for jobs: nothing in, HTTPS out."
  value       = one(aws_security_group.jobs[*].id)
}

output "private_addresses" {
  description = "Addresses that jobs may take."
  value       = sum(concat([0], [for cidr in values(local.private) : pow(2, 32 - tonumber(split("/", cidr)[1])) - 5]))
}

output "interface_endpoint_count" {
  description = "Interface endpoints times zones: what is paid by the hour."
  value       = length(aws_vpc_endpoint.interface) * length(local.zones)
}

output "nat_gateway_count" {
  description = "NAT gateways: what is paid by the hour."
  value       = length(aws_nat_gateway.this)
}
