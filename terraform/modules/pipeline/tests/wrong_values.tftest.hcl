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

# What is independent is refused together: a run takes more than a second.

run "values_that_do_not_go_together_are_refused" {
  command = plan
  variables {
    cpu                       = 1024
    memory                    = 16384
    schedule_expression       = "rate(1 hours)"
    schedule_flexible_minutes = 60
    task_deadline_minutes     = 120
    run_timeout_hours         = 2
  }
  expect_failures = [var.memory, var.schedule_flexible_minutes, var.run_timeout_hours]
}

run "values_that_look_right_are_refused_where_aws_would_refuse_them" {
  command = plan
  variables {
    name                = "support-release" # kept for what is deployed
    schedule_expression = "cron(0 2 * * *)" # five fields, as crontab has them
    cpu                 = 1000
    platform = {
      name               = "nimbus-test"
      region             = "eu-west-1"
      bucket             = "nimbus-test-111122223333"
      kms_key_arn        = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000000"
      cluster_arn        = "arn:aws:ecs:eu-west-1:111122223333:cluster/nimbus-test"
      subnet_ids         = []
      security_group_id  = "sg-0a1b2c3d4e5f60718"
      topic_arn          = "arn:aws:sns:eu-west-1:111122223333:nimbus-test-notices"
      log_retention_days = 400
    }
  }
  expect_failures = [var.name, var.schedule_expression, var.cpu, var.platform]
}

run "values_below_what_is_allowed_are_refused" {
  command = plan
  variables {
    name                         = "n"
    schedule_flexible_minutes    = -1
    input_locations              = []
    ephemeral_storage            = 20
    max_concurrency              = 0
    tolerated_failure_percentage = -1
    retries                      = -1
    task_deadline_minutes        = 1
  }
  expect_failures = [
    var.name,
    var.schedule_flexible_minutes,
    var.input_locations,
    var.ephemeral_storage,
    var.max_concurrency,
    var.tolerated_failure_percentage,
    var.retries,
    var.task_deadline_minutes,
  ]
}

run "values_above_what_is_allowed_are_refused" {
  command = plan
  variables {
    name                         = "customer_support_mails_of_all_countries"
    schedule_flexible_minutes    = 1441
    ephemeral_storage            = 201
    max_concurrency              = 10000
    tolerated_failure_percentage = 101
    retries                      = 11
    task_deadline_minutes        = 1441
  }
  expect_failures = [
    var.name,
    var.schedule_flexible_minutes,
    var.ephemeral_storage,
    var.max_concurrency,
    var.tolerated_failure_percentage,
    var.retries,
    var.task_deadline_minutes,
  ]
}

run "values_of_another_form_are_refused" {
  command = plan
  variables {
    name                = "Support"
    schedule_expression = "daily"
    schedule_time_zone  = "berlin"
    overlap             = "skip"
    input_locations     = ["s3://mail-archive/inbox/*"]
    input_kms_key_arns  = ["alias/mails"]
    image               = "nimbus/en_support:latest"
    memory              = 4000
    run_timeout_hours   = 1.5
    cpu_architecture    = "arm"
  }
  expect_failures = [
    var.name,
    var.schedule_expression,
    var.schedule_time_zone,
    var.overlap,
    var.input_locations,
    var.input_kms_key_arns,
    var.image,
    var.memory,
    var.run_timeout_hours,
    var.cpu_architecture,
  ]
}
