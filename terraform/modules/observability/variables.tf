variable "platform" {
  description = "The environment: all outputs of the module `platform`, as in `platform = module.platform`."
  type = object({
    name               = string
    bucket             = string
    kms_key_arn        = string
    topic_arn          = string
    log_retention_days = number
  })
  nullable = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.platform.topic_arn))
    error_message = "platform.topic_arn is the ARN of a topic, such as arn:aws:sns:eu-west-1:111122223333:nimbus-production-notices."
  }
}

variable "pipeline" {
  description = "The pipeline: all outputs of the module `pipeline`, as in `pipeline = module.pipeline`."
  type = object({
    name                  = string
    full_name             = string
    state_machine_arn     = string
    schedule_group        = string
    schedule_group_arn    = string
    schedule_expression   = string
    schedule_time_zone    = string
    dead_letter_queue_arn = string
  })
  nullable = false

  validation {
    condition     = can(regex("^(cron|rate|at)\\(.+\\)$", var.pipeline.schedule_expression))
    error_message = "pipeline.schedule_expression is cron(…), rate(…) or at(…), as the module pipeline puts it out."
  }

  # A cron is watched by a second one, at the same times; a rate by an alarm alone, which looks back seven days at most.
  validation {
    condition     = try(tonumber(regex("^rate\\(([0-9]+) ", var.pipeline.schedule_expression)[0]) * { m = 1, h = 60, d = 1440 }[regex("^rate\\([0-9]+ ([mhd])", var.pipeline.schedule_expression)[0]], 0) < 7 * 24 * 60
    error_message = "pipeline.schedule_expression is a rate below 7 days: no alarm looks back further for runs that stay away. Use cron(…), which is watched whatever its interval."
  }
}

variable "interval_minutes" {
  description = "Time between two runs that are due. A run that takes longer raises an alarm; where due times are uneven, the shortest."
  type        = number
  default     = 1440
  nullable    = false

  validation {
    condition     = var.interval_minutes >= 5 && var.interval_minutes <= 527040 && floor(var.interval_minutes) == var.interval_minutes
    error_message = "interval_minutes is a whole number from 5 to 527040 (a year)."
  }

  validation {
    condition     = local.rate_minutes == null || var.interval_minutes == try(max(5, local.rate_minutes), 0)
    error_message = "interval_minutes is ${try(max(5, local.rate_minutes), 0)} for ${var.pipeline.schedule_expression}: a rate's own length, and 5 at least."
  }
}

variable "longest_interval_minutes" {
  description = "The longest time between two runs that are due, where due times are uneven: from Friday to Monday, 4320. As `interval_minutes`, where it is null."
  type        = number
  default     = null

  validation {
    condition     = var.longest_interval_minutes == null || try(var.longest_interval_minutes >= var.interval_minutes && floor(var.longest_interval_minutes) == var.longest_interval_minutes, false)
    error_message = "longest_interval_minutes is null or a whole number, and no shorter than interval_minutes."
  }

  validation {
    condition     = local.rate_minutes == null || var.longest_interval_minutes == null || var.longest_interval_minutes == var.interval_minutes
    error_message = "longest_interval_minutes is null or interval_minutes for ${var.pipeline.schedule_expression}: a rate is even."
  }
}

variable "allowance_minutes" {
  description = "How long after it was due a run may be published. Then it counts as missed; a paused pipeline misses none."
  type        = number
  default     = 240
  nullable    = false

  validation {
    condition     = var.allowance_minutes >= 1 && floor(var.allowance_minutes) == var.allowance_minutes
    error_message = "allowance_minutes is a whole number from 1."
  }

  validation {
    condition     = var.allowance_minutes < var.interval_minutes
    error_message = "allowance_minutes is shorter than interval_minutes: a run is published before the next is due."
  }
}

variable "quarantine_percent" {
  description = "Share of a run's documents in quarantine that raises an alarm, in percent."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.quarantine_percent >= 0 && var.quarantine_percent <= 100
    error_message = "quarantine_percent is a number from 0 to 100."
  }
}

variable "drift_ratio" {
  description = "Drift that raises an alarm: the largest effect as a multiple of its threshold."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.drift_ratio > 0 && var.drift_ratio <= 100
    error_message = "drift_ratio is a number above 0, up to 100; above 1 drift is material."
  }
}
