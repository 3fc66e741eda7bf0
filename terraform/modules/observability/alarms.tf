# Alarms as data. Figures of AWS's own services say whether runs happen; the worker's say what they found.

locals {
  alarms = merge(
    {
      failed-run = {
        description = "A run failed; readers still see the dataset that live.json names. The notice names the run."
        namespace   = "AWS/States"
        metric      = "ExecutionsFailed"
        dimensions  = { StateMachineArn = local.machine_arn }
        statistic   = "Sum"
        threshold   = 0
      }
      timed-out-run = {
        description = "A run was given up after run_timeout_hours. Go on with it by `nimbus redrive`."
        namespace   = "AWS/States"
        metric      = "ExecutionsTimedOut"
        dimensions  = { StateMachineArn = local.machine_arn }
        statistic   = "Sum"
        threshold   = 0
      }
      long-run = {
        description = "A run took longer than the time until the next is due."
        namespace   = "AWS/States"
        metric      = "ExecutionTime"
        dimensions  = { StateMachineArn = local.machine_arn }
        statistic   = "Maximum"
        threshold   = var.interval_minutes * 60 * 1000
      }
      quarantine = {
        description = "More documents than usual could not be scored. `nimbus dataset --quarantined` lists them with their reasons."
        namespace   = local.metric_namespace
        metric      = local.metrics.quarantine_percent
        dimensions  = local.metric_dimensions
        statistic   = "Maximum"
        threshold   = var.quarantine_percent
      }
      drift = {
        description = "Documents or predictions differ materially from the baseline's. `nimbus drift report` names the features."
        namespace   = local.metric_namespace
        metric      = local.metrics.drift_ratio
        dimensions  = local.metric_dimensions
        statistic   = "Maximum"
        threshold   = var.drift_ratio
      }
      dead-letters = {
        description = "A start was due and could not be delivered; it waits in ${local.dead_letter_queue}."
        namespace   = "AWS/SQS"
        metric      = "ApproximateNumberOfMessagesVisible"
        dimensions  = { QueueName = local.dead_letter_queue }
        statistic   = "Maximum"
        threshold   = 0
      }
      throttled-run = {
        description = "Step Functions slows runs down: the account's quota of state transitions is used up."
        namespace   = "AWS/States"
        metric      = "ExecutionThrottled"
        dimensions  = { StateMachineArn = local.machine_arn }
        statistic   = "Sum"
        threshold   = 0
      }
      throttled-schedule = {
        description = "EventBridge Scheduler's starts are turned away: the account's quota is used up."
        namespace   = "AWS/Scheduler"
        metric      = "TargetErrorThrottledCount"
        dimensions  = { ScheduleGroup = var.pipeline.schedule_group }
        statistic   = "Sum"
        threshold   = 0
      }
    },
    local.is_watched ? {
      missed-run = {
        description = "A run was due and is not published ${var.allowance_minutes} minutes later, or the watch over it failed."
        namespace   = "AWS/States"
        metric      = "ExecutionsFailed"
        dimensions  = { StateMachineArn = local.watch_arn }
        statistic   = "Sum"
        threshold   = 0
      }
    } : {},
  )

  # What is missing is what these tell of.
  silences = local.tells_of_silence ? merge(
    {
      no-run = {
        description = "No run ended well in ${local.silence_days} days, nor did one find the pipeline paused."
        metric      = "ExecutionsSucceeded"
        machine_arn = local.machine_arn
      }
    },
    local.is_watched ? {
      silent-watch = {
        description = "Nothing looked for missed runs in ${local.silence_days} days: its schedule or its role is broken."
        metric      = "ExecutionsStarted"
        machine_arn = local.watch_arn
      }
    } : {},
  ) : {}
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = 1
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # between runs there is nothing to measure
  alarm_actions       = [var.platform.topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "silence" {
  for_each = local.silences

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/States"
  metric_name         = each.value.metric
  dimensions          = { StateMachineArn = each.value.machine_arn }
  statistic           = "Sum"
  period              = 86400
  evaluation_periods  = local.silence_days
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = [var.platform.topic_arn]
  ok_actions          = [var.platform.topic_arn]
}
