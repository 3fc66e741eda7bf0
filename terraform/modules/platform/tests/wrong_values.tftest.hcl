mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name = "nimbus-test"
}

run "a_vpc_without_subnets_is_refused" {
  command = plan
  variables {
    vpc_id             = "vpc-0a1b2c3d4e5f60718"
    egress_cidr_blocks = ["10.0.0.0/16"]
  }
  expect_failures = [var.subnet_ids]
}

run "subnets_without_a_vpc_are_refused" {
  command = plan
  variables {
    subnet_ids = ["subnet-0a1b2c3d4e5f60718"]
  }
  expect_failures = [var.subnet_ids]
}

run "an_existing_vpc_needs_to_be_left_somehow" {
  command = plan
  variables {
    vpc_id     = "vpc-0a1b2c3d4e5f60718"
    subnet_ids = ["subnet-0a1b2c3d4e5f60718"]
  }
  expect_failures = [var.egress_cidr_blocks]
}

run "a_created_vpc_is_not_opened" {
  command = plan
  variables {
    egress_cidr_blocks = ["0.0.0.0/0"]
  }
  expect_failures = [var.egress_cidr_blocks]
}

run "a_name_of_a_vpc_is_refused" {
  command = plan
  variables {
    vpc_id             = "main"
    subnet_ids         = ["subnet-0a1b2c3d4e5f60718"]
    egress_cidr_blocks = ["10.0.0.0/16"]
  }
  expect_failures = [var.vpc_id]
}

run "what_is_not_a_range_is_refused" {
  command = plan
  variables {
    vpc_id             = "vpc-0a1b2c3d4e5f60718"
    subnet_ids         = ["subnet-0a1b2c3d4e5f60718"]
    egress_cidr_blocks = ["everywhere"]
  }
  expect_failures = [var.egress_cidr_blocks]
}

run "a_name_of_a_subnet_is_refused" {
  command = plan
  variables {
    vpc_id             = "vpc-0a1b2c3d4e5f60718"
    subnet_ids         = ["private"]
    egress_cidr_blocks = ["10.0.0.0/16"]
  }
  expect_failures = [var.subnet_ids]
}

# What is independent is refused together: a run takes more than a second.

run "values_below_what_is_allowed_are_refused" {
  command = plan
  variables {
    name                    = "n"
    vpc_cidr                = "10.64.0.0/27"
    availability_zones      = 0
    log_retention_days      = 1
    noncurrent_version_days = 0
    key_deletion_days       = 1
  }
  expect_failures = [
    var.name,
    var.vpc_cidr,
    var.availability_zones,
    var.log_retention_days,
    var.noncurrent_version_days,
    var.key_deletion_days,
  ]
}

run "values_above_what_is_allowed_are_refused" {
  command = plan
  variables {
    name                    = "nimbus-production-in-western-europe"
    vpc_cidr                = "10.0.0.0/8"
    availability_zones      = 4
    log_retention_days      = 4000
    noncurrent_version_days = 4000
    key_deletion_days       = 31
  }
  expect_failures = [
    var.name,
    var.vpc_cidr,
    var.availability_zones,
    var.log_retention_days,
    var.noncurrent_version_days,
    var.key_deletion_days,
  ]
}

run "values_of_another_form_are_refused" {
  command = plan
  variables {
    name                = "Nimbus"
    vpc_cidr            = "anywhere"
    log_retention_days  = 100
    key_deletion_days   = 7.5
    notification_emails = ["nlp team"]
    access_log_bucket   = "s3://audit"
  }
  expect_failures = [
    var.name,
    var.vpc_cidr,
    var.log_retention_days,
    var.key_deletion_days,
    var.notification_emails,
    var.access_log_bucket,
  ]
}
