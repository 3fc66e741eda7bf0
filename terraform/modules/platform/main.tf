# What every pipeline of an environment shares. This file: the cluster and what others are named by.

data "aws_caller_identity" "this" {}

locals {
  # Read out of an ARN: the data source of the region has another attribute in every major version of the provider.
  arn        = split(":", aws_ecs_cluster.this.arn)
  partition  = local.arn[1]
  region     = local.arn[3]
  account_id = data.aws_caller_identity.this.account_id
  root_arn   = "arn:${local.partition}:iam::${local.account_id}:root"
}

resource "aws_ecs_cluster" "this" {
  #checkov:skip=CKV_AWS_65:Container Insights is billed by metric and task; the worker writes the figures that count itself
  name = var.name
}

# Tasks name their provider themselves: Spot first, on-demand after an interruption.
resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]

  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }
}
