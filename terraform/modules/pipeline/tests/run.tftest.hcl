mock_provider "aws" {
  source = "../../mocks"
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

run "a_worker_is_confined_its_images_are_kept_and_the_first_apply_needs_none" {
  command = apply

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "A tag never moves to another image, and every image is scanned when it comes."
  }
  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].kms_key == var.platform.kms_key_arn
    error_message = "Images are encrypted with the environment's key."
  }
  assert {
    condition     = alltrue([for rule in jsondecode(aws_ecr_lifecycle_policy.this.policy).rules : rule.selection.tagStatus == "untagged"])
    error_message = "No image with a tag ever expires: a rollback needs it."
  }
  assert {
    condition     = aws_ecs_task_definition.template.task_role_arn == aws_iam_role.task.arn && aws_ecs_task_definition.template.execution_role_arn == aws_iam_role.execution.arn && aws_iam_role.task.name != aws_iam_role.execution.name
    error_message = "What the worker may do and what Fargate does for it are two roles."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.template.container_definitions)[0].readonlyRootFilesystem
    error_message = "The root file system is read-only."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.template.container_definitions)[0].linuxParameters.capabilities.drop == ["ALL"]
    error_message = "No capability is kept."
  }
  assert {
    condition     = !startswith(jsondecode(aws_ecs_task_definition.template.container_definitions)[0].user, "0")
    error_message = "The worker is not root."
  }
  assert {
    condition     = [for mount in jsondecode(aws_ecs_task_definition.template.container_definitions)[0].mountPoints : mount.containerPath] == ["/tmp"]
    error_message = "/tmp is all that can be written to."
  }
  assert {
    condition     = can(regex("@sha256:0{64}$", jsondecode(aws_ecs_task_definition.template.container_definitions)[0].image))
    error_message = "Without an image the template refers to none that exists."
  }
}

run "an_image_is_pinned_by_its_digest" {
  command = apply

  variables {
    image            = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/nimbus-test/en_support@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    cpu_architecture = "ARM64"
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.template.container_definitions)[0].image == var.image
    error_message = "The template has the image that was named."
  }
  assert {
    condition     = aws_ecs_task_definition.template.runtime_platform[0].cpu_architecture == "ARM64"
    error_message = "ARM64 is as good as x86_64."
  }
}

run "a_run_starts_on_spot_goes_on_on_demand_and_tells_of_failures_without_quoting_them" {
  command = apply

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Score.ItemProcessor.States.ScoreFirst.Parameters.CapacityProviderStrategy[0].CapacityProvider == "FARGATE_SPOT"
    error_message = "The first attempt is on Spot."
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Score.ItemProcessor.States.ScoreOnDemand.Parameters.CapacityProviderStrategy[0].CapacityProvider == "FARGATE"
    error_message = "The next is on demand."
  }
  assert {
    condition     = [for catch in jsondecode(aws_sfn_state_machine.this.definition).States.Score.ItemProcessor.States.ScoreFirst.Catch : catch.ErrorEquals] == [["States.ALL"]]
    error_message = "Whatever ends the first attempt is looked at, and leads to the second."
  }
  assert {
    condition     = [for state in ["HasRun", "WouldFailAgain"] : jsondecode(aws_sfn_state_machine.this.definition).States.Score.ItemProcessor.States[state].Default] == ["IsLeft", "IsLeft"]
    error_message = "What was refused, and a worker that failed otherwise, are tried again on demand."
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States.Score.ItemProcessor.States.IsLeft.Choices[0].NumericGreaterThan == 2
    error_message = "On demand once, and `retries` times more."
  }
  assert {
    condition = alltrue([for state in [
      jsondecode(aws_sfn_state_machine.this.definition).States.Plan,
      jsondecode(aws_sfn_state_machine.this.definition).States.Commit,
      jsondecode(aws_sfn_state_machine.this.definition).States.Score.ItemProcessor.States.ScoreFirst,
      jsondecode(aws_sfn_state_machine.this.definition).States.Score.ItemProcessor.States.ScoreOnDemand,
      ] :
      state.Parameters.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp == "DISABLED" &&
      state.Parameters.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups == ["sg-0a1b2c3d4e5f60718"] &&
      state.TimeoutSeconds == 60 * 60 + 15 * 60
    ])
    error_message = "Private addresses, the environment's security group, and a timeout above the worker's own deadline."
  }
  assert {
    condition     = length(regexall("\"NIMBUS_DEADLINE_SECONDS\",\\s+\"Value\": \"3600\"", aws_sfn_state_machine.this.definition)) == 4
    error_message = "Every task knows its deadline, whichever release it is of."
  }
  assert {
    condition     = !strcontains(jsonencode(jsondecode(aws_sfn_state_machine.this.definition).States.Notify), "failure.Cause")
    error_message = "A cause may quote what failed; it stays in the history."
  }
  assert {
    condition     = strcontains(jsondecode(aws_sfn_state_machine.this.definition).States.Notify.Parameters["Message.$"], "$.dispatch.record.run")
    error_message = "The notice names the run."
  }
  assert {
    condition     = !aws_sfn_state_machine.this.logging_configuration[0].include_execution_data
    error_message = "No data of an execution enters the log."
  }
}

run "the_scheduled_time_reaches_the_run_and_nimbus_toml_gets_what_it_needs" {
  command = apply

  assert {
    condition     = strcontains(aws_scheduler_schedule.this.target[0].input, "\"<aws.scheduler.scheduled-time>\"")
    error_message = "The placeholder is written as the scheduler knows it, not as JSON's escapes."
  }
  assert {
    condition     = jsondecode(aws_scheduler_schedule.this.target[0].input).kind == "scheduled"
    error_message = "A scheduled run says so."
  }
  assert {
    condition     = aws_scheduler_schedule.this.target[0].dead_letter_config[0].arn == aws_sqs_queue.dead_letters.arn
    error_message = "What could not be started is kept."
  }
  assert {
    condition     = aws_scheduler_schedule.this.flexible_time_window[0].mode == "OFF"
    error_message = "Runs start when they are due."
  }
  assert {
    condition     = output.environment.root == "s3://nimbus-test-111122223333/en_support" && output.environment.release_family == "nimbus-test-en_support-release"
    error_message = "Root and family of releases are told."
  }
  assert {
    condition     = startswith(output.nimbus_toml, "[environments.nimbus-test]\n") && strcontains(output.nimbus_toml, "kind = \"aws\"\n") && strcontains(output.nimbus_toml, "\n[environments.nimbus-test.outputs]\narchitecture = ")
    error_message = "As TOML, too."
  }
}

run "spot_can_be_left_out_and_a_run_may_start_within_a_window" {
  command = apply

  variables {
    spot                      = false
    schedule_expression       = "rate(6 hours)"
    schedule_flexible_minutes = 30
  }

  assert {
    condition     = aws_scheduler_schedule.this.flexible_time_window[0].mode == "FLEXIBLE" && aws_scheduler_schedule.this.flexible_time_window[0].maximum_window_in_minutes == 30
    error_message = "The window is the scheduler's."
  }
  assert {
    condition     = !strcontains(aws_sfn_state_machine.this.definition, "FARGATE_SPOT")
    error_message = "No task runs on Spot."
  }
}
