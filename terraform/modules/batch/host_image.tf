# The image that hosts start from. Batch would take the newest when an environment is made, and keep it for ever: without
# new hosts there are no patches. Asked for here, AWS's newest release is a change that a plan shows.

locals {
  image_parameters = {
    ECS_AL2023        = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"
    ECS_AL2023_NVIDIA = "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"
  }

  image_ids = { for key, host in local.hosts : key => coalesce(host.image_id, try(data.aws_ssm_parameter.image[host.image_type].insecure_value, null)) }
}

data "aws_ssm_parameter" "image" {
  for_each = toset([for host in values(local.hosts) : host.image_type if host.image_id == null])

  name = local.image_parameters[each.key]
}
