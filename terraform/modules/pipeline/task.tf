# The template of the worker's task. A task cannot override its image, so `nimbus deploy` copies this revision, puts the
# release's digest in, and registers the copy in the family `…-release`. Terraform holds no digest, and no release.

resource "aws_cloudwatch_log_group" "worker" {
  name              = "/${var.platform.name}/${var.name}/worker"
  retention_in_days = var.platform.log_retention_days
  kms_key_id        = var.platform.kms_key_arn
}

locals {
  # Refers to no image: a template that is run by mistake fails before it does anything.
  no_image = "${aws_ecr_repository.this.repository_url}@sha256:${join("", [for _ in range(64) : "0"])}"

  # What an hour of such a task costs on demand in us-east-1, in US dollars by list price: an estimate for the dashboard.
  prices        = { X86_64 = { vcpu = 0.04048, gb = 0.004445 }, ARM64 = { vcpu = 0.03238, gb = 0.00356 } }
  task_hour_usd = var.cpu / 1024 * local.prices[var.cpu_architecture].vcpu + var.memory / 1024 * local.prices[var.cpu_architecture].gb

  # What a release keeps. What may change without a deployment is told by the state machine.
  environment = {
    NIMBUS_ENVIRONMENT   = var.platform.name
    NIMBUS_PIPELINE      = var.name
    NIMBUS_ROOT          = "s3://${var.platform.bucket}/${var.name}"
    NIMBUS_TASK_HOUR_USD = format("%.5f", local.task_hour_usd)
    TMPDIR               = "/tmp"
  }
}

resource "aws_ecs_task_definition" "template" {
  family                   = local.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  ephemeral_storage {
    size_in_gib = var.ephemeral_storage
  }

  # Scratch space on the task's disk: all that a task can write to. The image declares `VOLUME /tmp`, so that it starts
  # with the permissions that /tmp has there.
  volume {
    name = "scratch"
  }

  container_definitions = jsonencode([{
    name                   = local.container
    image                  = var.image == "" ? local.no_image : var.image
    essential              = true
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    stopTimeout            = 120 # what Fargate grants at most; a shard takes one to two minutes

    linuxParameters = {
      capabilities       = { drop = ["ALL"] }
      initProcessEnabled = true
    }

    environment = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    mountPoints = [{ sourceVolume = "scratch", containerPath = "/tmp", readOnly = false }]

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.worker.name
        awslogs-region        = local.region
        awslogs-stream-prefix = "run"
        mode                  = "non-blocking" # a log that is slow does not stop a worker
        max-buffer-size       = "25m"
      }
    }
  }])

  # The family of a task is what its cost is told by.
  tags = {
    "nimbus:environment" = var.platform.name
    "nimbus:pipeline"    = var.name
  }
}
