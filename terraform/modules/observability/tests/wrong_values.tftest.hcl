mock_provider "aws" {
  source = "../../mocks"
}

variables {
  platform = {
    name               = "nimbus-test"
    bucket             = "nimbus-test-111122223333"
    kms_key_arn        = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000000"
    topic_arn          = "arn:aws:sns:eu-west-1:111122223333:nimbus-test-notices"
    log_retention_days = 400
  }

  pipeline = {
    name                  = "en_support"
    full_name             = "nimbus-test-en_support"
    state_machine_arn     = "arn:aws:states:eu-west-1:111122223333:stateMachine:nimbus-test-en_support"
    schedule_group        = "nimbus-test-en_support"
    schedule_group_arn    = "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/nimbus-test-en_support"
    schedule_expression   = "cron(0 2 * * ? *)"
    schedule_time_zone    = "UTC"
    dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:111122223333:nimbus-test-en_support-dead-letters"
  }
}

run "a_run_that_may_be_published_after_the_next_is_due_is_refused" {
  command = plan
  variables {
    interval_minutes  = 60
    allowance_minutes = 60
  }
  expect_failures = [var.allowance_minutes]
}

run "values_below_what_is_allowed_are_refused" {
  command = plan
  variables {
    allowance_minutes  = 0
    quarantine_percent = -1
    drift_ratio        = 0
  }
  expect_failures = [var.allowance_minutes, var.quarantine_percent, var.drift_ratio]
}

run "values_above_what_is_allowed_are_refused" {
  command = plan
  variables {
    interval_minutes   = 1000000
    quarantine_percent = 101
    drift_ratio        = 101
  }
  expect_failures = [var.interval_minutes, var.quarantine_percent, var.drift_ratio]
}

run "a_longest_interval_that_is_shorter_than_the_shortest_is_refused" {
  command = plan
  variables {
    longest_interval_minutes = 60
  }
  expect_failures = [var.longest_interval_minutes]
}

run "what_no_module_puts_out_is_refused" {
  command = plan
  variables {
    platform = {
      name               = "nimbus-test"
      bucket             = "nimbus-test-111122223333"
      kms_key_arn        = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-4000-8000-000000000000"
      topic_arn          = "notices"
      log_retention_days = 400
    }
    pipeline = {
      name                  = "en_support"
      full_name             = "nimbus-test-en_support"
      state_machine_arn     = "arn:aws:states:eu-west-1:111122223333:stateMachine:nimbus-test-en_support"
      schedule_group        = "nimbus-test-en_support"
      schedule_group_arn    = "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/nimbus-test-en_support"
      schedule_expression   = "0 2 * * *"
      schedule_time_zone    = "UTC"
      dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:111122223333:nimbus-test-en_support-dead-letters"
    }
  }
  expect_failures = [var.platform, var.pipeline]
}

run "a_rate_that_nothing_would_watch_is_refused" {
  command = plan
  variables {
    interval_minutes = 7 * 24 * 60
    pipeline = {
      name                  = "en_support"
      full_name             = "nimbus-test-en_support"
      state_machine_arn     = "arn:aws:states:eu-west-1:111122223333:stateMachine:nimbus-test-en_support"
      schedule_group        = "nimbus-test-en_support"
      schedule_group_arn    = "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/nimbus-test-en_support"
      schedule_expression   = "rate(7 days)"
      schedule_time_zone    = "UTC"
      dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:111122223333:nimbus-test-en_support-dead-letters"
    }
  }
  expect_failures = [var.pipeline]
}

run "the_interval_of_a_rate_is_the_rate_s_own" {
  command = plan
  variables {
    interval_minutes = 1440
    pipeline = {
      name                  = "en_support"
      full_name             = "nimbus-test-en_support"
      state_machine_arn     = "arn:aws:states:eu-west-1:111122223333:stateMachine:nimbus-test-en_support"
      schedule_group        = "nimbus-test-en_support"
      schedule_group_arn    = "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/nimbus-test-en_support"
      schedule_expression   = "rate(6 hours)"
      schedule_time_zone    = "UTC"
      dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:111122223333:nimbus-test-en_support-dead-letters"
    }
  }
  expect_failures = [var.interval_minutes]
}

run "a_rate_is_even" {
  command = plan
  variables {
    interval_minutes         = 360
    longest_interval_minutes = 7 * 24 * 60
    pipeline = {
      name                  = "en_support"
      full_name             = "nimbus-test-en_support"
      state_machine_arn     = "arn:aws:states:eu-west-1:111122223333:stateMachine:nimbus-test-en_support"
      schedule_group        = "nimbus-test-en_support"
      schedule_group_arn    = "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/nimbus-test-en_support"
      schedule_expression   = "rate(6 hours)"
      schedule_time_zone    = "UTC"
      dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:111122223333:nimbus-test-en_support-dead-letters"
    }
  }
  expect_failures = [var.longest_interval_minutes]
}
