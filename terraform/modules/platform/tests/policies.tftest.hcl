# Policies as the provider writes them. It has no account and asks none: what it would read or make is given.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = {
    account_id = "111122223333"
  }
}

override_resource {
  target = aws_ecs_cluster.this
  values = {
    arn = "arn:aws:ecs:eu-west-1:111122223333:cluster/nimbus-test"
  }
}

override_resource {
  target = aws_s3_bucket.this
  values = {
    arn = "arn:aws:s3:::nimbus-test-111122223333"
  }
}

override_resource {
  target = aws_kms_key.this
  values = {
    arn = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000000"
  }
}

override_resource {
  target = aws_sns_topic.this
  values = {
    arn = "arn:aws:sns:eu-west-1:111122223333:nimbus-test-notices"
  }
}

override_resource {
  target = aws_ecs_cluster_capacity_providers.this
}

override_resource {
  target = aws_s3_bucket_versioning.this
}

override_resource {
  target = aws_s3_bucket_server_side_encryption_configuration.this
}

override_resource {
  target = aws_s3_bucket_public_access_block.this
}

override_resource {
  target = aws_s3_bucket_ownership_controls.this
}

override_resource {
  target = aws_s3_bucket_lifecycle_configuration.this
}

override_resource {
  target = aws_s3_bucket_policy.this
}

override_resource {
  target = aws_kms_alias.this
}

override_resource {
  target = aws_sns_topic_policy.this
}

override_resource {
  target = aws_security_group.worker
}

override_resource {
  target = aws_vpc_security_group_egress_rule.existing
}

variables {
  name               = "nimbus-test"
  vpc_id             = "vpc-0a1b2c3d4e5f60718"
  subnet_ids         = ["subnet-0a1b2c3d4e5f60718"]
  egress_cidr_blocks = ["10.0.0.0/16"]
}

run "the_bucket_refuses_plain_http_overwritten_records_and_blind_writes_of_live" {
  command = apply

  assert {
    condition = jsondecode(data.aws_iam_policy_document.bucket.json).Statement[0].Condition == {
      Bool = { "aws:SecureTransport" = "false" }
    }
    error_message = "TLS only."
  }
  assert {
    condition = jsondecode(data.aws_iam_policy_document.bucket.json).Statement[1].Condition == {
      Bool = { "s3:ObjectCreationOperation" = "true" }
      Null = { "s3:if-none-match" = "true" }
    }
    error_message = "A record without If-None-Match is refused; parts of an upload pass."
  }
  assert {
    condition = jsondecode(data.aws_iam_policy_document.bucket.json).Statement[2].Condition == {
      Bool = { "s3:ObjectCreationOperation" = "true" }
      Null = { "s3:if-match" = "true", "s3:if-none-match" = "true" }
    }
    error_message = "live.json is refused when both headers are missing, not when one is."
  }
  assert {
    condition = alltrue([for statement in jsondecode(data.aws_iam_policy_document.bucket.json).Statement :
    statement.Effect == "Deny" && statement.Principal == "*"])
    error_message = "Everyone is bound, and nobody is let in."
  }
}

run "the_key_is_used_through_services_only" {
  command = apply

  assert {
    condition = alltrue([for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
    can(statement.Condition) if contains(flatten([statement.Action]), "kms:Decrypt")])
    error_message = "Every right to decrypt has a condition."
  }
  assert {
    condition = anytrue([for statement in jsondecode(data.aws_iam_policy_document.key.json).Statement :
      contains(flatten([statement.Action]), "kms:PutKeyPolicy") && statement.Principal == { AWS = "arn:aws:iam::111122223333:root" }
    ])
    error_message = "The account can change the key's policy, so that nobody locks it out."
  }
}
