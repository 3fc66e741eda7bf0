mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name = "nimbus-test"
}

run "a_name_is_enough_for_an_environment_without_a_way_to_the_internet" {
  command = apply

  assert {
    condition     = aws_s3_bucket.this.bucket == "nimbus-test-111122223333"
    error_message = "The bucket is named by environment and account."
  }
  assert {
    condition     = output.region == "eu-west-1"
    error_message = "The region is read out of the cluster's ARN."
  }
  assert {
    condition     = length(output.subnet_ids) == 2
    error_message = "A VPC with a private subnet in two zones is created."
  }
  assert {
    condition     = alltrue([for subnet in aws_subnet.private : !subnet.map_public_ip_on_launch])
    error_message = "Subnets give no public addresses."
  }
  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["ecr.api", "ecr.dkr", "logs", "states"])
    error_message = "Images, logs and Step Functions are reached by endpoints."
  }
  assert {
    condition     = aws_vpc_endpoint.s3[0].vpc_endpoint_type == "Gateway"
    error_message = "S3 is reached by a gateway endpoint, which costs nothing."
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.existing) == 0
    error_message = "No address range is open."
  }
  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == aws_kms_key.this.arn
    error_message = "The topic has the environment's key: alarms that are sent to a topic with AWS's own are dropped."
  }
  assert {
    condition = anytrue([for statement in data.aws_iam_policy_document.key.statement :
    contains(flatten([for principal in statement.principals : principal.identifiers]), "cloudwatch.amazonaws.com")])
    error_message = "CloudWatch may use the key, or its alarms are dropped in silence."
  }
}

run "datasets_are_private_and_kept_and_records_are_created_once" {
  command = apply

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "What is overwritten can be had back."
  }
  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
    rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"])
    error_message = "Objects are encrypted with the environment's key, and a bucket key spares calls to it."
  }
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Nothing in the bucket can be made public."
  }
  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "The key is rotated every year."
  }
  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : length(rule.expiration) == 0 && length(rule.transition) == 0])
    error_message = "Rules touch noncurrent versions and incomplete uploads only; nimbus prune owns the rest."
  }
  assert {
    condition = alltrue([for statement in data.aws_iam_policy_document.bucket.statement :
    statement.effect == "Deny" && one(statement.principals).type == "*"])
    error_message = "The bucket's policy only denies, and denies everyone."
  }
  assert {
    condition = toset(one([for statement in data.aws_iam_policy_document.bucket.statement : statement.resources if statement.sid == "CreatedOnce"])) == toset([
      for place in ["*/ledger/*", "*/releases/*", "*/evidence/*", "*/baselines/*", "*/runs/*"] : "${aws_s3_bucket.this.arn}/${place}"
    ])
    error_message = "Ledger, releases, evidence and runs are created once."
  }
  assert {
    condition = toset(flatten([for statement in data.aws_iam_policy_document.bucket.statement :
      [for condition in statement.condition : condition.variable] if statement.sid == "LiveByCompareAndSwap"])) == toset([
    "s3:if-match", "s3:if-none-match", "s3:ObjectCreationOperation"])
    error_message = "live.json is written with If-Match or If-None-Match, or not at all."
  }
}

run "addresses_are_subscribed_and_access_logs_kept" {
  command = apply

  variables {
    notification_emails = ["nlp@example.com", "platform@example.com"]
    access_log_bucket   = "audit-logs"
  }

  assert {
    condition     = toset(keys(aws_sns_topic_subscription.email)) == toset(["nlp@example.com", "platform@example.com"])
    error_message = "Both addresses are subscribed."
  }
  assert {
    condition     = aws_s3_bucket_logging.this[0].target_prefix == "nimbus-test/"
    error_message = "Access logs stand below the environment's name."
  }
}

run "an_existing_vpc_is_used_and_left_alone" {
  command = apply

  variables {
    vpc_id             = "vpc-0a1b2c3d4e5f60718"
    subnet_ids         = ["subnet-0a1b2c3d4e5f60718"]
    egress_cidr_blocks = ["10.0.0.0/16"]
  }

  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.private) + length(aws_vpc_endpoint.interface) + length(aws_vpc_endpoint.s3) == 0
    error_message = "Neither VPC nor subnets nor endpoints are created."
  }
  assert {
    condition     = aws_security_group.worker.vpc_id == "vpc-0a1b2c3d4e5f60718" && output.subnet_ids == tolist(["subnet-0a1b2c3d4e5f60718"])
    error_message = "Tasks run in the existing VPC."
  }
  assert {
    condition     = aws_vpc_security_group_egress_rule.existing[0].from_port == 443
    error_message = "HTTPS is all that goes out."
  }
}
