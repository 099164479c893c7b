# Optional: file systems that runs make for themselves (`storage` of a spec). Here is where they stand and who may reach them;
# none is made before a run asks for it.

locals {
  # NFS of EFS; Lustre takes two ranges.
  storage_ports = { nfs = [2049, 2049], lustre = [988, 988], lustre_more = [1018, 1023] }
  storage_network = var.fast_storage ? {
    subnets = module.network.private_subnet_ids
    # By its rules: whoever hands it on then waits until it lets jobs in.
    security_groups = distinct(concat(
      [for rule in concat(values(aws_vpc_security_group_ingress_rule.from_jobs), values(aws_vpc_security_group_ingress_rule.among_servers), values(aws_vpc_security_group_egress_rule.from_servers)) : rule.security_group_id],
      [for rule in concat(values(aws_vpc_security_group_egress_rule.to_storage), values(aws_vpc_security_group_ingress_rule.back_to_hosts)) : rule.referenced_security_group_id],
    ))
  } : {}
  storage_roles = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/aws-service-role"
  file_systems = flatten([for kind in ["elasticfilesystem:%s:file-system/*", "elasticfilesystem:%s:access-point/*", "fsx:%s:file-system/*", "fsx:%s:association/*"] :
    "${local.storage_arn}:${format(kind, "${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}")}"
  ])
  addresses = [for kind in ["network-interface", "security-group", "subnet"] :
    "${local.storage_arn}:ec2:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:${kind}/*"
  ]
  storage_arn = "arn:${data.aws_partition.current.partition}"
  made_by_us  = "aws:RequestTag/platerunner:environment"
  made_before = "aws:ResourceTag/platerunner:environment"
}

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

resource "aws_security_group" "fast_storage" {
  #checkov:skip=CKV2_AWS_5:Runs give it to the file systems that they make.
  count = var.fast_storage ? 1 : 0

  name_prefix = "${var.name}-storage-"
  description = "File systems of runs: jobs in, nothing else"
  vpc_id      = module.network.vpc_id
  tags        = merge(local.tags, { Name = "${var.name}-storage" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "from_jobs" {
  for_each = var.fast_storage ? local.storage_ports : {}

  security_group_id            = aws_security_group.fast_storage[0].id
  description                  = "${each.key} from jobs and their hosts"
  ip_protocol                  = "tcp"
  from_port                    = each.value[0]
  to_port                      = each.value[1]
  referenced_security_group_id = module.network.jobs_security_group_id
}

resource "aws_vpc_security_group_egress_rule" "to_storage" {
  for_each = var.fast_storage ? local.storage_ports : {}

  security_group_id            = module.network.jobs_security_group_id
  description                  = "${each.key} to file systems of runs"
  ip_protocol                  = "tcp"
  from_port                    = each.value[0]
  to_port                      = each.value[1]
  referenced_security_group_id = aws_security_group.fast_storage[0].id
}

# The servers of one Lustre talk to each other, and back to the hosts.
resource "aws_vpc_security_group_ingress_rule" "among_servers" {
  for_each = var.fast_storage ? { for key, ports in local.storage_ports : key => ports if key != "nfs" } : {}

  security_group_id            = aws_security_group.fast_storage[0].id
  description                  = "${each.key} among servers"
  ip_protocol                  = "tcp"
  from_port                    = each.value[0]
  to_port                      = each.value[1]
  referenced_security_group_id = aws_security_group.fast_storage[0].id
}

resource "aws_vpc_security_group_egress_rule" "from_servers" {
  for_each = var.fast_storage ? merge([for peer in ["servers", "jobs"] : {
    for key, ports in local.storage_ports : "${peer}_${key}" => { peer = peer, ports = ports } if key != "nfs"
  }]...) : {}

  security_group_id            = aws_security_group.fast_storage[0].id
  description                  = "${each.key} from servers"
  ip_protocol                  = "tcp"
  from_port                    = each.value.ports[0]
  to_port                      = each.value.ports[1]
  referenced_security_group_id = each.value.peer == "jobs" ? module.network.jobs_security_group_id : aws_security_group.fast_storage[0].id
}

resource "aws_vpc_security_group_ingress_rule" "back_to_hosts" {
  for_each = var.fast_storage ? { for key, ports in local.storage_ports : key => ports if key != "nfs" } : {}

  security_group_id            = module.network.jobs_security_group_id
  description                  = "${each.key} from servers of file systems"
  ip_protocol                  = "tcp"
  from_port                    = each.value[0]
  to_port                      = each.value[1]
  referenced_security_group_id = aws_security_group.fast_storage[0].id
}

data "aws_iam_policy_document" "fast_storage" {
  # Reads, which go over all file systems of the account.
  statement {
    sid = "LookAtFileSystems"
    actions = [
      "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
      "elasticfilesystem:DescribeAccessPoints", "elasticfilesystem:DescribeFileSystems", "elasticfilesystem:DescribeMountTargets",
      "fsx:DescribeDataRepositoryAssociations", "fsx:DescribeFileSystems",
    ]
    resources = ["*"]
  }

  statement {
    sid = "MakeOurs"
    actions = [
      "elasticfilesystem:CreateAccessPoint", "elasticfilesystem:CreateFileSystem", "elasticfilesystem:TagResource",
      "fsx:CreateDataRepositoryAssociation", "fsx:CreateFileSystem", "fsx:TagResource",
    ]
    resources = local.file_systems

    condition {
      test     = "StringEquals"
      variable = local.made_by_us
      values   = [var.name]
    }
  }

  statement {
    sid = "ReachAndDeleteOurs"
    actions = [
      "elasticfilesystem:CreateMountTarget", "elasticfilesystem:DeleteFileSystem", "elasticfilesystem:DeleteMountTarget",
      "fsx:DeleteFileSystem",
    ]
    resources = local.file_systems

    condition {
      test     = "StringEquals"
      variable = local.made_before
      values   = [var.name]
    }
  }

  # EFS makes the network interfaces of its mount targets with the rights of who asks for them.
  statement {
    sid       = "GiveMountTargetsAnAddress"
    actions   = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"]
    resources = local.addresses
  }

  # FSx reaches a bucket by a role of its own for each file system.
  statement {
    sid     = "LetFSxHaveItsRoles"
    actions = ["iam:AttachRolePolicy", "iam:CreateServiceLinkedRole", "iam:PutRolePolicy"]
    resources = [
      "${local.storage_roles}/elasticfilesystem.amazonaws.com/*", "${local.storage_roles}/fsx.amazonaws.com/*",
      "${local.storage_roles}/s3.data-source.lustre.fsx.amazonaws.com/*",
    ]
  }
}

resource "aws_iam_role_policy" "fast_storage" {
  count = var.fast_storage ? 1 : 0

  name   = "fast-storage"
  role   = reverse(split("/", local.airflow_role_arn))[0]
  policy = data.aws_iam_policy_document.fast_storage.json
}
