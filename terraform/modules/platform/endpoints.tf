# What private tasks reach in the created VPC: images, logs, S3, and Step Functions, which is asked whether the owner of
# a run's claim still goes. Metrics travel in the log, S3 calls KMS itself, and the task's role comes from the agent.

locals {
  interface_endpoints = local.creates_vpc ? toset(["ecr.api", "ecr.dkr", "logs", "states"]) : toset([])
}

resource "aws_security_group" "endpoints" {
  count = local.creates_vpc ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "Interface endpoints of ${var.name}: HTTPS from its tasks"
  vpc_id      = local.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = local.creates_vpc ? 1 : 0

  security_group_id            = aws_security_group.endpoints[0].id
  description                  = "Tasks"
  referenced_security_group_id = aws_security_group.worker.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

data "aws_iam_policy_document" "interface_endpoint" {
  count = local.creates_vpc ? 1 : 0

  statement {
    sid = "PrincipalsOfThisAccount"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetAuthorizationToken",
      "ecr:GetDownloadUrlForLayer",
      "logs:CreateLogStream",
      "logs:PutLogEvents",
      "states:DescribeExecution",
    ]
    resources = ["*"] # which ones is said by the caller's role; here only who calls, and what for

    principals {
      type        = "*" # narrowed to the account by the condition
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.interface_endpoints

  vpc_id              = local.vpc_id
  service_name        = "com.amazonaws.${local.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = local.subnet_ids
  security_group_ids  = [aws_security_group.endpoints[0].id]
  policy              = data.aws_iam_policy_document.interface_endpoint[0].json

  tags = { Name = "${var.name}-${each.value}" }
}

data "aws_iam_policy_document" "s3_endpoint" {
  count = local.creates_vpc ? 1 : 0

  statement {
    sid       = "PrincipalsOfThisAccount"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListBucket", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["*"] # a pipeline's inputs may lie in any bucket; which ones is said by its task role

    principals {
      type        = "*" # narrowed to the account by the condition
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account_id]
    }
  }

  # ECR hands out layers from a bucket of its own, by links that it signs.
  statement {
    sid       = "LayersOfImages"
    actions   = ["s3:GetObject"]
    resources = ["arn:${local.partition}:s3:::prod-${local.region}-starport-layer-bucket/*"]

    principals {
      type        = "*" # AWS's own principal signs the links
      identifiers = ["*"]
    }
  }
}

resource "aws_vpc_endpoint" "s3" {
  count = local.creates_vpc ? 1 : 0

  vpc_id            = local.vpc_id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = aws_route_table.private[*].id
  policy            = data.aws_iam_policy_document.s3_endpoint[0].json

  tags = { Name = "${var.name}-s3" }
}
