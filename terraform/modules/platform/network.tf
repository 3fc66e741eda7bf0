# Where tasks run: a VPC without a way to the internet, or an existing one. The security group is ours in both.

locals {
  # By the subnets, whose number is known before a VPC of the same apply has its id.
  creates_vpc = length(var.subnet_ids) == 0
  vpc_id      = local.creates_vpc ? aws_vpc.this[0].id : var.vpc_id
  subnet_ids  = local.creates_vpc ? aws_subnet.private[*].id : var.subnet_ids
}

data "aws_availability_zones" "this" {
  #checkov:skip=CKV_AWS_394:the result is cut to as many zones as are wanted, and their order does not change
  count = local.creates_vpc ? 1 : 0

  state = "available"

  # No local zones: Fargate does not run in them.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:there is no route out of it; who wants flow logs brings a VPC that has them
  count = local.creates_vpc ? 1 : 0

  cidr_block           = var.vpc_cidr
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = { Name = var.name }
}

# Taken over to be emptied: what names no security group of its own reaches nothing.
resource "aws_default_security_group" "this" {
  count = local.creates_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id
}

resource "aws_subnet" "private" {
  count = local.creates_vpc ? var.availability_zones : 0

  vpc_id                  = aws_vpc.this[0].id
  cidr_block              = cidrsubnet(var.vpc_cidr, 2, count.index)
  availability_zone       = data.aws_availability_zones.this[0].names[count.index]
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-private-${count.index + 1}" }
}

resource "aws_route_table" "private" {
  count = local.creates_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  count = local.creates_vpc ? var.availability_zones : 0

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[0].id
}

resource "aws_security_group" "worker" {
  #checkov:skip=CKV2_AWS_5:tasks take it when they start; Terraform starts none
  name        = "${var.name}-worker"
  description = "Tasks of ${var.name}: nothing comes in, HTTPS goes out to where AWS answers"
  vpc_id      = local.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "endpoints" {
  count = local.creates_vpc ? 1 : 0

  security_group_id            = aws_security_group.worker.id
  description                  = "Interface endpoints"
  referenced_security_group_id = aws_security_group.endpoints[0].id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  count = local.creates_vpc ? 1 : 0

  security_group_id = aws_security_group.worker.id
  description       = "S3 through its gateway endpoint"
  prefix_list_id    = aws_vpc_endpoint.s3[0].prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "existing" {
  count = length(var.egress_cidr_blocks)

  security_group_id = aws_security_group.worker.id
  description       = "AWS, as the existing VPC reaches it"
  cidr_ipv4         = var.egress_cidr_blocks[count.index]
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
