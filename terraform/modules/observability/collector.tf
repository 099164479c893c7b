# Optional: an OpenTelemetry collector that jobs reach by name. Traces go to X-Ray, metrics and logs to CloudWatch, or all of it
# to an OTLP endpoint, or the metrics to a workspace of Amazon Managed Service for Prometheus.

locals {
  collector      = var.create && var.collector != null ? [var.collector] : []
  collector_name = "${var.name}-collector"
  domain         = "${var.name}.internal"

  collector_config = {
    receivers = { otlp = { protocols = { grpc = { endpoint = "0.0.0.0:4317" }, http = { endpoint = "0.0.0.0:4318" } } } }
    # When jobs send more than it can pass on, it refuses, and their runners drop what does not fit: no job waits for it.
    processors = merge({ memory_limiter = { check_interval = "1s", limit_percentage = 75, spike_limit_percentage = 15 }, batch = {} }, [for url in local.amp : local.totals]...)
    extensions = { for url in local.amp : "sigv4auth" => { region = regex(local.amp_pattern, url)[0], service = "aps" } }
    exporters = merge(
      { for target in local.target : "otlphttp" => target },
      { for name, exporter in local.of_aws : name => exporter if length(local.target) == 0 },
      { for url in local.amp : "prometheusremotewrite" => { endpoint = url, auth = { authenticator = "sigv4auth" }, resource_to_telemetry_conversion = { enabled = true } } },
    )
    service = {
      extensions = [for url in local.amp : "sigv4auth"]
      pipelines = {
        for signal, exporter in { traces = "awsxray", metrics = length(local.amp) > 0 ? "prometheusremotewrite" : "awsemf", logs = "awscloudwatchlogs" } :
        signal => {
          receivers  = ["otlp"]
          processors = concat(["memory_limiter"], exporter == "prometheusremotewrite" ? ["transform", "deltatocumulative"] : [], ["batch"])
          exporters  = [length(local.target) > 0 ? "otlphttp" : exporter]
        }
      }
    }
  }
  # Prometheus keeps totals, and units send what is new: observability/collector.yaml says why each of these is there.
  totals = {
    transform         = { metric_statements = ["set(datapoint.start_time_unix_nano, 1)", "set(datapoint.time, Now())"] }
    deltatocumulative = { max_stale = "720h" }
  }
  amp_pattern = "^https://aps-workspaces[.]([a-z0-9-]+)[.].*/workspaces/(ws-[a-z0-9-]+)/api/v1/remote_write$"
  amp         = [for collector in local.collector : collector.target if can(regex(local.amp_pattern, collector.target))]
  # Each number once: with the roll-up that is the exporter's default, a sum over all dimensions counts it several times.
  of_aws = {
    awsxray           = { region = local.region }
    awsemf            = { region = local.region, namespace = local.namespace, log_group_name = local.telemetry_group, log_stream_name = "metrics", dimension_rollup_option = "NoDimensionRollup" }
    awscloudwatchlogs = { region = local.region, log_group_name = local.telemetry_group, log_stream_name = "logs" }
  }
  target = [
    for collector in local.collector : merge(
      { endpoint = collector.target }, collector.authorization_secret_arn == null ? {} : { headers = { Authorization = "$${env:OTLP_AUTHORIZATION}" } }
    ) if collector.target != null && length(local.amp) == 0
  ]
  secrets         = [for collector in local.collector : collector.authorization_secret_arn if collector.authorization_secret_arn != null]
  telemetry_group = "/platerunner/${var.name}/telemetry"
}

resource "aws_cloudwatch_log_group" "telemetry" {
  #checkov:skip=CKV_AWS_338:Telemetry is for a look at what went wrong lately; what lasts is in the workspace.
  count = length(local.collector)

  name              = local.telemetry_group
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_ecs_cluster" "collector" {
  count = length(local.collector)

  name = local.collector_name
  tags = var.tags

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "collector" {
  count = length(local.collector)

  family                   = local.collector_name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = local.collector[0].cpu
  memory                   = local.collector[0].memory
  task_role_arn            = aws_iam_role.collector["task"].arn
  execution_role_arn       = aws_iam_role.collector["start"].arn
  tags                     = var.tags

  container_definitions = jsonencode([merge({ for url in local.amp : "command" => ["--config=env:AOT_CONFIG_CONTENT"] }, {
    name                   = "collector"
    image                  = local.collector[0].image
    essential              = true
    readonlyRootFilesystem = true
    portMappings           = [for port in [4317, 4318] : { containerPort = port, protocol = "tcp" }]
    environment            = [{ name = "AOT_CONFIG_CONTENT", value = yamlencode(local.collector_config) }]
    secrets                = [for arn in local.secrets : { name = "OTLP_AUTHORIZATION", valueFrom = arn }]
    logConfiguration = {
      logDriver = "awslogs"
      options   = { awslogs-group = local.telemetry_group, awslogs-region = local.region, awslogs-stream-prefix = "collector" }
    }
  })])
}

resource "aws_ecs_service" "collector" {
  count = length(local.collector)

  name            = "collector"
  cluster         = aws_ecs_cluster.collector[0].arn
  task_definition = aws_ecs_task_definition.collector[0].arn
  desired_count   = 1
  launch_type     = "FARGATE"
  propagate_tags  = "SERVICE"
  tags            = var.tags

  network_configuration {
    subnets          = local.collector[0].subnet_ids
    security_groups  = [aws_security_group.collector[0].id]
    assign_public_ip = false
  }

  service_registries {
    registry_arn = aws_service_discovery_service.collector[0].arn
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  # Its log group goes by name, and a task without it does not start.
  depends_on = [
    aws_iam_role_policy.collector, aws_cloudwatch_log_group.telemetry,
    aws_vpc_security_group_ingress_rule.collector, aws_vpc_security_group_egress_rule.collector,
  ]
}

resource "aws_service_discovery_private_dns_namespace" "collector" {
  count = length(local.collector)

  name        = local.domain
  description = "Names inside ${var.name}'s VPC"
  vpc         = local.collector[0].vpc_id
  tags        = var.tags
}

resource "aws_service_discovery_service" "collector" {
  count = length(local.collector)

  name = "collector"
  tags = var.tags

  dns_config {
    namespace_id   = aws_service_discovery_private_dns_namespace.collector[0].id
    routing_policy = "MULTIVALUE"

    dns_records {
      type = "A"
      ttl  = 10
    }
  }
}

resource "aws_security_group" "collector" {
  #checkov:skip=CKV2_AWS_5:The service uses it; checkov does not follow the count.
  count = length(local.collector)

  name_prefix = "${local.collector_name}-"
  description = "Collector: OTLP from the VPC, HTTPS out"
  vpc_id      = local.collector[0].vpc_id
  tags        = merge(var.tags, { Name = local.collector_name })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "collector" {
  count = length(local.collector)

  security_group_id = aws_security_group.collector[0].id
  description       = "OTLP from the VPC"
  ip_protocol       = "tcp"
  from_port         = 4317
  to_port           = 4318
  cidr_ipv4         = local.collector[0].vpc_cidr_block
}

# S3's gateway endpoint, where ECR keeps layers, is reached at public addresses.
resource "aws_vpc_security_group_egress_rule" "collector" {
  count = length(local.collector)

  security_group_id = aws_security_group.collector[0].id
  description       = "HTTPS to AWS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}
