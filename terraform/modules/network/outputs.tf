output "vpc_id" {
  description = "Id of the VPC."
  value       = local.vpc_id
}

output "private_subnet_ids" {
  description = "Ids of the private subnets, in the order of their zones."
  value       = local.private_subnet_ids

  # Whoever starts something there needs its ways to AWS at once.
  depends_on = [
    aws_route_table_association.private, aws_route.private, aws_route.private_by_instance, aws_route.public, aws_route_table_association.public,
    aws_vpc_endpoint.s3, aws_vpc_endpoint.interface, aws_vpc_security_group_ingress_rule.endpoints_https, aws_vpc_security_group_ingress_rule.endpoints_smtp,
    aws_vpc_security_group_egress_rule.jobs_https, aws_vpc_security_group_egress_rule.jobs_otlp,
  ]
}

output "jobs_security_group_id" {
  description = "Id of the group for jobs: nothing in, HTTPS out."
  value       = one(aws_security_group.jobs[*].id)

  # A host that comes up before the rules reaches nothing.
  depends_on = [aws_vpc_security_group_egress_rule.jobs_https, aws_vpc_security_group_egress_rule.jobs_otlp]
}

output "private_route_table_ids" {
  description = "Ids of the private subnets' route tables, for routes of your own to a VPN or a peering; of a VPC that is there already, those that were named."
  value       = local.route_tables
}

output "cidr_block" {
  description = "Addresses of the VPC."
  value       = local.cidr_block
}

output "way_out" {
  description = "Whether there is a way to the internet."
  value       = local.way_out
}

output "private_addresses" {
  description = "Addresses that jobs may take in subnets made here."
  value       = sum(concat([0], [for cidr in values(local.private) : pow(2, 32 - tonumber(split("/", cidr)[1])) - 5]))
}

output "interface_endpoint_count" {
  description = "Interface endpoints times zones: what is paid by the hour."
  value       = length(aws_vpc_endpoint.interface) * length(local.private_subnet_ids)
}

output "nat_instance_count" {
  description = "Hosts in place of NAT gateways."
  value       = length(aws_instance.nat)
}

output "nat_gateway_count" {
  description = "NAT gateways made here: what is paid by the hour."
  value       = length(aws_nat_gateway.this)
}
