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
    schedule_time_zone    = "Europe/Berlin"
    dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:111122223333:nimbus-test-en_support-dead-letters"
  }
}

run "everything_that_can_go_wrong_with_a_nightly_run_is_told" {
  command = apply

  assert {
    condition = toset(keys(output.alarm_arns)) == toset([
      "failed-run", "timed-out-run", "long-run", "quarantine", "drift", "dead-letters", "throttled-run", "throttled-schedule",
      "missed-run", "no-run", "silent-watch",
    ])
    error_message = "Failed, missed, long, silent; quarantine, drift, dead letters and throttling."
  }
  assert {
    condition     = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.this), values(aws_cloudwatch_metric_alarm.silence)) : alarm.alarm_actions == toset([var.platform.topic_arn])])
    error_message = "Every alarm reaches the topic."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["long-run"].threshold == 24 * 60 * 60 * 1000
    error_message = "A run is long when the next is due."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.silence : alarm.evaluation_periods == 2 && alarm.treat_missing_data == "breaching"])
    error_message = "Two days without a nightly run are one too many."
  }
  assert {
    condition     = aws_scheduler_schedule.watch[0].schedule_expression == var.pipeline.schedule_expression && aws_scheduler_schedule.watch[0].schedule_expression_timezone == "Europe/Berlin"
    error_message = "The watch starts when the run is due."
  }
  assert {
    condition     = aws_scheduler_schedule.watch[0].target[0].input == "{\"scheduled_time\":\"<aws.scheduler.scheduled-time>\"}"
    error_message = "The placeholder is written as the scheduler knows it."
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.watch[0].definition).States.Wait.Seconds == 4 * 60 * 60
    error_message = "The watch waits as long as a run may take."
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 9
    error_message = "The dashboard shows alarms and eight graphs."
  }
  assert {
    condition = alltrue([for statement in data.aws_iam_policy_document.watch.statement :
    alltrue([for action in statement.actions : contains(["s3:GetObject", "s3:ListBucket", "kms:Decrypt", "kms:GenerateDataKey", "sns:Publish"], action) || startswith(action, "logs:")])])
    error_message = "The watch reads and tells, and starts nothing."
  }
}

run "a_weekly_run_is_watched_although_no_alarm_looks_back_that_far" {
  command = apply

  variables {
    interval_minutes  = 7 * 24 * 60
    allowance_minutes = 24 * 60
  }

  assert {
    condition     = contains(keys(output.alarm_arns), "missed-run") && length(aws_cloudwatch_metric_alarm.silence) == 0
    error_message = "Only the watch can tell of a weekly run."
  }
}

run "a_weekend_without_runs_is_no_silence" {
  command = apply

  variables {
    interval_minutes         = 24 * 60
    longest_interval_minutes = 3 * 24 * 60
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.silence : alarm.evaluation_periods == 4]) && length(aws_cloudwatch_metric_alarm.silence) == 2
    error_message = "From Friday to Monday nothing is due: four days without a run are too many."
  }
}

run "a_rate_is_watched_by_its_silence" {
  command = apply

  variables {
    interval_minutes  = 360
    allowance_minutes = 60
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

  assert {
    condition     = length(aws_scheduler_schedule.watch) == 0 && output.watch_state_machine_arn == null
    error_message = "A second rate would count from another moment."
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.silence) == ["no-run"] && aws_cloudwatch_metric_alarm.silence["no-run"].evaluation_periods == 1
    error_message = "A day without one of four runs is told."
  }
}

run "the_longest_rate_that_is_allowed_is_watched" {
  command = apply

  variables {
    interval_minutes = 7 * 24 * 60 - 60
    pipeline = {
      name                  = "en_support"
      full_name             = "nimbus-test-en_support"
      state_machine_arn     = "arn:aws:states:eu-west-1:111122223333:stateMachine:nimbus-test-en_support"
      schedule_group        = "nimbus-test-en_support"
      schedule_group_arn    = "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/nimbus-test-en_support"
      schedule_expression   = "rate(167 hours)"
      schedule_time_zone    = "UTC"
      dead_letter_queue_arn = "arn:aws:sqs:eu-west-1:111122223333:nimbus-test-en_support-dead-letters"
    }
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.silence) == ["no-run"] && aws_cloudwatch_metric_alarm.silence["no-run"].evaluation_periods == 7
    error_message = "A week without a run is told, which is as far as an alarm looks back."
  }
}
