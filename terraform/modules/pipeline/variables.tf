variable "name" {
  description = "Name of the pipeline, as in `nimbus.toml`. Its root in the bucket and every resource's name contain it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", var.name)) && length(var.name) >= 2 && length(var.name) <= 24
    error_message = "name is 2 to 24 lower-case letters, digits and single hyphens or underscores, and begins with a letter, such as en_support."
  }

  # Released images get a family of task definitions of their own, with this ending.
  validation {
    condition     = !endswith(var.name, "-release")
    error_message = "name does not end in -release: that ending is kept for what `nimbus deploy` registers."
  }
}

variable "platform" {
  description = "The environment: all outputs of the module `platform`, as in `platform = module.platform`."
  type = object({
    name               = string
    region             = string
    bucket             = string
    kms_key_arn        = string
    cluster_arn        = string
    subnet_ids         = list(string)
    security_group_id  = string
    topic_arn          = string
    log_retention_days = number
  })
  nullable = false

  validation {
    condition     = length(var.platform.subnet_ids) > 0
    error_message = "platform.subnet_ids names at least one private subnet."
  }
}

variable "schedule_expression" {
  description = "When runs are due: `cron(…)` with six fields as EventBridge Scheduler has them, `rate(6 hours)` or `at(2027-01-31T02:00:00)`."
  type        = string
  nullable    = false

  validation {
    condition = anytrue([
      can(regex("^cron\\([^ ?]+ [^ ?]+ (\\? [^ ?]+ [^ ?]+|[^ ?]+ [^ ?]+ \\?) [^ ?]+\\)$", var.schedule_expression)),
      can(regex("^rate\\([1-9][0-9]* (minutes|hours|days)\\)$", var.schedule_expression)),
      can(regex("^at\\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\)$", var.schedule_expression)),
    ])
    error_message = "schedule_expression is cron(minutes hours day-of-month month day-of-week year) with ? in one of both day fields, rate(N minutes|hours|days) or at(yyyy-mm-ddThh:mm:ss)."
  }
}

variable "schedule_time_zone" {
  description = "Time zone that `cron` and `at` are meant in."
  type        = string
  default     = "UTC"
  nullable    = false

  validation {
    condition     = can(regex("^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2})$", var.schedule_time_zone))
    error_message = "schedule_time_zone is UTC or a name of the IANA time zone database, such as Europe/Berlin."
  }
}

variable "schedule_flexible_minutes" {
  description = "How much later than due a run may start, so that many pipelines do not start at once. 0: when it is due."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.schedule_flexible_minutes >= 0 && var.schedule_flexible_minutes <= 1440 && floor(var.schedule_flexible_minutes) == var.schedule_flexible_minutes
    error_message = "schedule_flexible_minutes is a whole number from 0 (off) to 1440 (a day)."
  }

  validation {
    condition = var.schedule_flexible_minutes == 0 || !can(regex("^rate\\(", var.schedule_expression)) || try(
      var.schedule_flexible_minutes < tonumber(regex("[0-9]+", var.schedule_expression)) * lookup({ minutes = 1, hours = 60, days = 1440 }, regex("minutes|hours|days", var.schedule_expression)),
      false,
    )
    error_message = "schedule_flexible_minutes is shorter than the interval of schedule_expression: a run has to start before the next is due."
  }
}

variable "overlap" {
  description = "What a run does that is due while an earlier one still goes: `wait` for its turn, or `allow` both (a late one never replaces a newer dataset)."
  type        = string
  default     = "wait"
  nullable    = false

  validation {
    condition     = contains(["wait", "allow"], var.overlap)
    error_message = "overlap is wait or allow."
  }
}

variable "input_locations" {
  description = "Where workers may read documents: `s3://bucket/prefix/` for all below it, or `s3://bucket/key` for one object; each in a bucket of this account or one whose policy lets the task role in."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.input_locations) > 0 && alltrue([for location in var.input_locations : can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^*?]*$", location))])
    error_message = "input_locations are one or more of s3://bucket/, s3://bucket/prefix/ or s3://bucket/key, without wildcards."
  }
}

variable "input_kms_key_arns" {
  description = "Keys that the inputs are encrypted with, where those are not the environment's."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.input_kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", arn))])
    error_message = "input_kms_key_arns are ARNs of keys (not of aliases), such as arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-…."
  }
}

variable "image" {
  description = "Image of the template, pinned by digest. Empty until there is one: `nimbus deploy` puts each release's digest into a copy of the template."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.image == "" || can(regex("^[a-z0-9][a-z0-9./_:-]*@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image is empty, or repository@sha256: and 64 hexadecimal digits. A tag is not enough: it may move."
  }
}

variable "cpu" {
  description = "Processor of a task in units of 1/1024 vCPU. A worker runs one process a vCPU."
  type        = number
  default     = 2048
  nullable    = false

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.cpu)
    error_message = "cpu is 256, 512, 1024, 2048, 4096, 8192 or 16384."
  }
}

variable "memory" {
  description = "Memory of a task in MiB. A MiniLM worker takes a third of a gigabyte a process."
  type        = number
  default     = 4096
  nullable    = false

  validation {
    condition = contains(lookup({
      "256"   = [512, 1024, 2048]
      "512"   = range(1024, 4096 + 1, 1024)
      "1024"  = range(2048, 8192 + 1, 1024)
      "2048"  = range(4096, 16384 + 1, 1024)
      "4096"  = range(8192, 30720 + 1, 1024)
      "8192"  = range(16384, 61440 + 1, 4096)
      "16384" = range(32768, 122880 + 1, 8192)
    }, tostring(var.cpu), []), var.memory)
    error_message = "memory does not go with cpu on Fargate. 256: 512, 1024, 2048. 512: 1024 to 4096 by 1024. 1024: 2048 to 8192 by 1024. 2048: 4096 to 16384 by 1024. 4096: 8192 to 30720 by 1024. 8192: 16384 to 61440 by 4096. 16384: 32768 to 122880 by 8192."
  }
}

variable "ephemeral_storage" {
  description = "Disk of a task in GiB. The first 20 come with every task; a worker spools only inputs that cannot be split."
  type        = number
  default     = 21
  nullable    = false

  validation {
    condition     = var.ephemeral_storage >= 21 && var.ephemeral_storage <= 200 && floor(var.ephemeral_storage) == var.ephemeral_storage
    error_message = "ephemeral_storage is a whole number from 21 to 200."
  }
}

variable "cpu_architecture" {
  description = "Processor family of tasks; images have to be built for it."
  type        = string
  default     = "X86_64"
  nullable    = false

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "cpu_architecture is X86_64 or ARM64."
  }
}

variable "spot" {
  description = "Whether batches are tried on Fargate Spot first. What Spot interrupts goes on where it stopped, on demand."
  type        = bool
  default     = true
  nullable    = false
}

variable "max_concurrency" {
  description = "How many tasks score at once. Beyond the account's quota of Fargate vCPUs more only wait."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.max_concurrency >= 1 && var.max_concurrency <= 5000 && floor(var.max_concurrency) == var.max_concurrency
    error_message = "max_concurrency is a whole number from 1 to 5000."
  }
}

variable "tolerated_failure_percentage" {
  description = "Share of batches that may fail before the rest is given up. Nothing is published unless every shard is done; what is done stays done for a resume."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.tolerated_failure_percentage >= 0 && var.tolerated_failure_percentage <= 100
    error_message = "tolerated_failure_percentage is a number from 0 to 100."
  }
}

variable "retries" {
  description = "How often a task that failed on demand is started again, after growing and random pauses."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.retries >= 0 && var.retries <= 10 && floor(var.retries) == var.retries
    error_message = "retries is a whole number from 0 to 10."
  }
}

variable "task_deadline_minutes" {
  description = "When a worker stops by itself, after the shard in hand. Step Functions gives up 15 minutes later, which does not stop a task."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.task_deadline_minutes >= 5 && var.task_deadline_minutes <= 1440 && floor(var.task_deadline_minutes) == var.task_deadline_minutes
    error_message = "task_deadline_minutes is a whole number from 5 to 1440."
  }
}

variable "run_timeout_hours" {
  description = "When a run as a whole is given up."
  type        = number
  default     = 24
  nullable    = false

  validation {
    condition     = var.run_timeout_hours >= 1 && var.run_timeout_hours <= 720 && floor(var.run_timeout_hours) == var.run_timeout_hours
    error_message = "run_timeout_hours is a whole number from 1 to 720."
  }

  validation {
    condition     = var.run_timeout_hours * 60 >= 2 * (var.task_deadline_minutes + 15)
    error_message = "run_timeout_hours has room for planning and one batch: at least twice task_deadline_minutes and 15 minutes."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may remove the repository with every image in it."
  type        = bool
  default     = false
  nullable    = false
}
