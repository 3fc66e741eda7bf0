# What tells that runs of one pipeline fail, stay away, take too long, or find other documents than before.

locals {
  name = var.pipeline.full_name

  arn         = split(":", var.pipeline.state_machine_arn)
  partition   = local.arn[1]
  region      = local.arn[3]
  account_id  = local.arn[4]
  machine_arn = var.pipeline.state_machine_arn

  dead_letter_queue = split(":", var.pipeline.dead_letter_queue_arn)[5]

  repeats = !startswith(var.pipeline.schedule_expression, "at(")
  # A rate counts from its schedule's own creation, so that a second schedule would watch for other times.
  is_watched = !startswith(var.pipeline.schedule_expression, "rate(")
  rate       = try(regex("^rate\\(([0-9]+) (minute|hour|day)s?\\)$", var.pipeline.schedule_expression), null)
  # Its length, null for what is no rate.
  rate_minutes = try(tonumber(local.rate[0]) * { minute = 1, hour = 60, day = 1440 }[local.rate[1]], null)

  # Days without a run until something must be wrong: one more than the longest interval has. An alarm looks back seven at most.
  silence_days     = floor(coalesce(var.longest_interval_minutes, var.interval_minutes) / 1440) + 1
  tells_of_silence = local.repeats && local.silence_days <= 7
}
