mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name                = "en_support"
  schedule_expression = "rate(6 hours)"
  input_locations     = ["s3://mail-archive/inbox/", "s3://letters/", "s3://mail-archive/export"]

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

run "every_role_may_do_its_own_work_and_no_other" {
  command = apply

  assert {
    condition = toset(flatten([for statement in concat(data.aws_iam_policy_document.root.statement, data.aws_iam_policy_document.inputs.statement) :
      statement.resources if contains(statement.actions, "s3:GetObject")])) == toset([
      "arn:aws:s3:::nimbus-test-111122223333/en_support/*",
      "arn:aws:s3:::mail-archive/inbox/*",
      "arn:aws:s3:::letters/*",
      "arn:aws:s3:::mail-archive/export",
    ])
    error_message = "No other pipeline's root, no other bucket; an object is that one, and not what begins alike."
  }
  assert {
    condition = toset(one([for statement in data.aws_iam_policy_document.task.statement : statement.resources if contains(statement.actions, "s3:PutObject")])) == toset([
      for place in ["live.json", "ledger/*", "runs/*", "executions/*", "evidence/*"] : "arn:aws:s3:::nimbus-test-111122223333/en_support/${place}"
    ])
    error_message = "A worker makes no release; of evidence it leaves what it finds of drift."
  }
  assert {
    condition     = anytrue([for statement in data.aws_iam_policy_document.task.statement : statement.effect == "Deny" && contains(statement.actions, "s3:DeleteObject")])
    error_message = "What is created once cannot be deleted and created again."
  }
  assert {
    condition = [for document in [data.aws_iam_policy_document.pass_roles, data.aws_iam_policy_document.machine, data.aws_iam_policy_document.deployer] :
      [for statement in document.statement :
        toset(statement.resources) == toset([aws_iam_role.task.arn, aws_iam_role.execution.arn]) && one(statement.condition).values == tolist(["ecs-tasks.amazonaws.com"])
    if contains(statement.actions, "iam:PassRole")]] == [[true], [], []]
    error_message = "PassRole names both roles, and the service they go to."
  }
  assert {
    condition = length(setintersection(
      toset(flatten([for statement in data.aws_iam_policy_document.deployer.statement : statement.actions if statement.effect == null || statement.effect == "Allow"])),
      toset([
        "ecs:RunTask", "iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy", "s3:DeleteObject", "s3:PutBucketPolicy",
        "scheduler:UpdateSchedule", "states:UpdateStateMachine", "kms:PutKeyPolicy", "ecr:DeleteRepository",
    ]))) == 0
    error_message = "A deployer starts, follows and swaps; it neither updates nor deletes."
  }
  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.deployer.statement : alltrue([for action in statement.actions : !strcontains(action, "*")])])
    error_message = "Every action is spelled out."
  }
  assert {
    condition = alltrue([for document in [data.aws_iam_policy_document.tasks_assume, data.aws_iam_policy_document.machine_assume, data.aws_iam_policy_document.schedule_assume] :
    toset(one(document.statement).condition[*].variable) == toset(["aws:SourceAccount", "aws:SourceArn"])])
    error_message = "Every trust policy names account and source."
  }
  assert {
    condition = one([for condition in one(data.aws_iam_policy_document.schedule_assume.statement).condition : condition.values if condition.variable == "aws:SourceArn"]) == tolist([
      aws_scheduler_schedule_group.this.arn
    ])
    error_message = "The scheduler names a schedule's group, never a schedule."
  }
}

run "keys_of_inputs_are_for_decrypting_only" {
  command = apply

  variables {
    input_kms_key_arns = ["arn:aws:kms:eu-west-1:444455556666:key/00000000-0000-4000-8000-000000000000"]
  }

  assert {
    condition = one([for statement in data.aws_iam_policy_document.inputs.statement : statement.actions if statement.resources == toset(var.input_kms_key_arns)]) == toset([
      "kms:Decrypt"
    ])
    error_message = "Inputs are read, never written."
  }
}
