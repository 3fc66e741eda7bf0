# Several pipelines in one environment, in a VPC that is there already, with images for two processors.

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      "nimbus:environment" = var.environment
    }
  }
}

locals {
  # Due times, sizes and limits. Whether a pipeline is paused, which release is live and how much of a run a canary gets
  # stand in its live.json: none of them changes anything here.
  pipelines = {
    en_support = {
      schedule_expression = "cron(0 2 * * ? *)"
      interval_minutes    = 24 * 60
      allowance_minutes   = 4 * 60
      cpu                 = 4096
      memory              = 16384
      cpu_architecture    = "X86_64"
      max_concurrency     = 200
      overlap             = "wait"
    }
    de_contracts = {
      schedule_expression = "cron(30 18 ? * FRI *)"
      interval_minutes    = 7 * 24 * 60
      allowance_minutes   = 24 * 60
      cpu                 = 2048
      memory              = 8192
      cpu_architecture    = "ARM64"
      max_concurrency     = 50
      overlap             = "wait"
    }
    fr_chat = {
      schedule_expression = "rate(6 hours)"
      interval_minutes    = 6 * 60
      allowance_minutes   = 60
      cpu                 = 1024
      memory              = 4096
      cpu_architecture    = "ARM64"
      max_concurrency     = 10
      overlap             = "allow"
    }
  }
}

module "platform" {
  source = "../../modules/platform"

  name                = var.environment
  vpc_id              = aws_vpc.existing.id
  subnet_ids          = aws_subnet.private[*].id
  egress_cidr_blocks  = ["0.0.0.0/0"] # through NAT, by HTTPS only
  log_retention_days  = 400
  notification_emails = var.notification_emails
}

module "pipeline" {
  source   = "../../modules/pipeline"
  for_each = local.pipelines

  name                      = each.key
  platform                  = module.platform
  schedule_expression       = each.value.schedule_expression
  schedule_time_zone        = "Europe/Berlin"
  schedule_flexible_minutes = 15
  overlap                   = each.value.overlap
  input_locations           = ["s3://${module.platform.bucket}/inputs/${each.key}/"]
  cpu                       = each.value.cpu
  memory                    = each.value.memory
  cpu_architecture          = each.value.cpu_architecture
  max_concurrency           = each.value.max_concurrency
}

module "observability" {
  source   = "../../modules/observability"
  for_each = local.pipelines

  platform           = module.platform
  pipeline           = module.pipeline[each.key]
  interval_minutes   = each.value.interval_minutes
  allowance_minutes  = each.value.allowance_minutes
  quarantine_percent = 2
}
