# Policies as the provider writes them. It has no account and asks none: what it would read or make is given.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_resource {
  target = aws_cloudwatch_log_group.worker
  values = {
    arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/nimbus-test/en_support/worker"
  }
}

override_resource {
  target = aws_cloudwatch_log_group.machine
  values = {
    arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/vendedlogs/states/nimbus-test-en_support"
  }
}

override_resource {
  target = aws_ecr_repository.this
  values = {
    arn            = "arn:aws:ecr:eu-west-1:111122223333:repository/nimbus-test/en_support"
    repository_url = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/nimbus-test/en_support"
  }
}

override_resource {
  target = aws_iam_role.task
  values = {
    arn = "arn:aws:iam::111122223333:role/nimbus-test-en_support-task"
  }
}

override_resource {
  target = aws_iam_role.execution
  values = {
    arn = "arn:aws:iam::111122223333:role/nimbus-test-en_support-execution"
  }
}

override_resource {
  target = aws_iam_role.machine
  values = {
    arn = "arn:aws:iam::111122223333:role/nimbus-test-en_support-machine"
  }
}

override_resource {
  target = aws_iam_role.schedule
  values = {
    arn = "arn:aws:iam::111122223333:role/nimbus-test-en_support-schedule"
  }
}

override_resource {
  target = aws_scheduler_schedule_group.this
  values = {
    arn = "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/nimbus-test-en_support"
  }
}

override_resource {
  target = aws_sfn_state_machine.this
  values = {
    arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:nimbus-test-en_support"
  }
}

override_resource {
  target = aws_sqs_queue.dead_letters
  values = {
    arn = "arn:aws:sqs:eu-west-1:111122223333:nimbus-test-en_support-dead-letters"
  }
}

override_resource {
  target = aws_ecr_lifecycle_policy.this
}

override_resource {
  target = aws_ecs_task_definition.template
}

override_resource {
  target = aws_iam_role_policy.task
}

override_resource {
  target = aws_iam_role_policy.execution
}

override_resource {
  target = aws_iam_role_policy.machine
}

override_resource {
  target = aws_iam_role_policy.schedule
}

override_resource {
  target = aws_iam_policy.deployer
}

override_resource {
  target = aws_iam_policy.pruner
}

override_resource {
  target = aws_iam_policy.text_reader
}

override_resource {
  target = aws_scheduler_schedule.this
}

variables {
  name                = "en_support"
  schedule_expression = "cron(0 2 * * ? *)"
  input_locations     = ["s3://mail-archive/inbox/"]

  platform = {
    name               = "nimbus-test"
    region             = "eu-west-1"
    bucket             = "nimbus-test-111122223333"
    kms_key_arn        = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000000"
    cluster_arn        = "arn:aws:ecs:eu-west-1:111122223333:cluster/nimbus-test"
    subnet_ids         = ["subnet-0a1b2c3d4e5f60718"]
    security_group_id  = "sg-0a1b2c3d4e5f60718"
    topic_arn          = "arn:aws:sns:eu-west-1:111122223333:nimbus-test-notices"
    log_retention_days = 400
  }
}

run "everything_is_allowed_on_no_more_than_it_needs" {
  command = apply

  assert {
    condition = toset(flatten([for document in [
      data.aws_iam_policy_document.task,
      data.aws_iam_policy_document.execution,
      data.aws_iam_policy_document.machine,
      data.aws_iam_policy_document.schedule,
      data.aws_iam_policy_document.deployer,
      data.aws_iam_policy_document.pruner,
      data.aws_iam_policy_document.inputs,
      ] : [for statement in jsondecode(document.json).Statement : statement.Action if contains(flatten([statement.Resource]), "*")]
      ])) == toset([
      "ecr:GetAuthorizationToken",
      "ecs:DeregisterTaskDefinition",
      "ecs:DescribeTaskDefinition",
      "ecs:ListTaskDefinitions",
      "ecs:RegisterTaskDefinition",
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ])
    error_message = "These actions know no resource; every other is allowed on what it needs."
  }
  assert {
    condition = jsondecode(data.aws_iam_policy_document.machine_assume.json).Statement[0].Condition == {
      ArnLike = { "aws:SourceArn" = [
        "arn:aws:states:eu-west-1:111122223333:stateMachine:nimbus-test-en_support",
        "arn:aws:states:eu-west-1:111122223333:stateMachine:nimbus-test-en_support/*",
      ] }
      StringEquals = { "aws:SourceAccount" = "111122223333" }
    }
    error_message = "The one state machine takes its role, and its map."
  }
  assert {
    condition = [for statement in jsondecode(data.aws_iam_policy_document.machine.json).Statement : statement.Resource if statement.Sid == "RunTasks"][0] == [
      "arn:aws:ecs:eu-west-1:111122223333:task-definition/nimbus-test-en_support:*",
      "arn:aws:ecs:eu-west-1:111122223333:task-definition/nimbus-test-en_support-release:*",
    ]
    error_message = "The template's family and the releases', and no other pipeline's."
  }
  assert {
    condition     = length(replace(data.aws_iam_policy_document.deployer.json, "/\\s/", "")) <= 6144
    error_message = "A managed policy has 6,144 characters at most."
  }
}
