# Stands for a VPC that you have. Leave this file out and name yours: private subnets, and a way to AWS by NAT or endpoints.

data "aws_availability_zones" "this" {
  #checkov:skip=CKV_AWS_394:the result is cut to as many zones as are wanted, and their order does not change
  state = "available"

  # No local zones: Fargate does not run in them.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "aws_vpc" "existing" {
  #checkov:skip=CKV2_AWS_11:stands for a VPC that has its own rules for flow logs
  cidr_block           = "10.80.0.0/20"
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = { Name = "${var.environment}-existing" }
}

resource "aws_default_security_group" "existing" {
  vpc_id = aws_vpc.existing.id
}

resource "aws_subnet" "private" {
  count = 2

  vpc_id            = aws_vpc.existing.id
  cidr_block        = cidrsubnet(aws_vpc.existing.cidr_block, 2, count.index)
  availability_zone = data.aws_availability_zones.this.names[count.index]

  tags = { Name = "${var.environment}-private-${count.index + 1}" }
}

resource "aws_subnet" "nat" {
  vpc_id            = aws_vpc.existing.id
  cidr_block        = cidrsubnet(aws_vpc.existing.cidr_block, 8, 255)
  availability_zone = data.aws_availability_zones.this.names[0]

  tags = { Name = "${var.environment}-nat" }
}

resource "aws_internet_gateway" "existing" {
  vpc_id = aws_vpc.existing.id
}

resource "aws_eip" "nat" {
  #checkov:skip=CKV2_AWS_19:it belongs to the NAT gateway
  domain = "vpc"
}

resource "aws_nat_gateway" "existing" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.nat.id

  depends_on = [aws_internet_gateway.existing]
}

resource "aws_route_table" "nat" {
  vpc_id = aws_vpc.existing.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.existing.id
  }
}

resource "aws_route_table_association" "nat" {
  subnet_id      = aws_subnet.nat.id
  route_table_id = aws_route_table.nat.id
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.existing.id

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.existing.id
  }
}

resource "aws_route_table_association" "private" {
  count = 2

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

# Inputs and datasets go this way instead of through NAT, which bills every gigabyte.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.existing.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
}
