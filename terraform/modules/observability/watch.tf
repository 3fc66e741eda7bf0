# The watch over missed runs: a second schedule at the same times starts a small state machine, which waits for as long as
# a run may take and looks at live.json. An alarm on a metric cannot do that: it looks back seven days at most, and knows
# neither time zones nor pauses. The watch fails when a run is missing; that is what the alarm sees.

locals {
  watch_name = "${local.name}-watch"
  watch_arn  = "arn:${local.partition}:states:${local.region}:${local.account_id}:stateMachine:${local.watch_name}"
  watches    = local.is_watched ? 1 : 0
}

data "aws_iam_policy_document" "watch_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.watch_arn]
    }
  }
}

resource "aws_iam_role" "watch" {
  count = local.watches

  name               = local.watch_name
  description        = "Watch over ${var.pipeline.name}: read live.json, tell of missed runs"
  assume_role_policy = data.aws_iam_policy_document.watch_assume.json
}

data "aws_iam_policy_document" "watch" {
  #checkov:skip=CKV_AWS_111:only log delivery is unconstrained, for which AWS knows no resource
  #checkov:skip=CKV_AWS_356:as CKV_AWS_111

  statement {
    sid       = "ReadLive"
    actions   = ["s3:GetObject"]
    resources = ["arn:${local.partition}:s3:::${var.platform.bucket}/${var.pipeline.name}/live.json"]
  }

  # S3 answers 403 instead of 404 for a missing object to whom may not list.
  statement {
    sid       = "TellMissingFromForbidden"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${var.platform.bucket}"]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.pipeline.name}/*"]
    }
  }

  statement {
    sid       = "EncryptInS3AndSns"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.platform.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com", "sns.${local.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "TellOfMissedRuns"
    actions   = ["sns:Publish"]
    resources = [var.platform.topic_arn]
  }

  statement {
    sid = "DeliverLogs"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"] # AWS knows no resource for log delivery
  }
}

resource "aws_iam_role_policy" "watch" {
  count = local.watches

  name   = "watch"
  role   = aws_iam_role.watch[0].id
  policy = data.aws_iam_policy_document.watch.json
}

resource "aws_cloudwatch_log_group" "watch" {
  count = local.watches

  name              = "/aws/vendedlogs/states/${local.watch_name}"
  retention_in_days = var.platform.log_retention_days
  kms_key_id        = var.platform.kms_key_arn
}

resource "aws_sfn_state_machine" "watch" {
  #checkov:skip=CKV_AWS_285:errors are logged; it wants the data of executions in the log, and no document may get there
  #checkov:skip=CKV_AWS_284:it reads one object; its history says all there is
  count = local.watches

  name     = local.watch_name
  role_arn = aws_iam_role.watch[0].arn
  type     = "STANDARD" # waiting costs nothing

  definition = templatefile("${path.module}/watch.asl.json.tftpl", {
    partition         = local.partition
    environment       = var.platform.name
    pipeline          = var.pipeline.name
    bucket            = var.platform.bucket
    topic_arn         = var.platform.topic_arn
    allowance_minutes = var.allowance_minutes
    allowance_seconds = var.allowance_minutes * 60
    timeout_seconds   = var.allowance_minutes * 60 + 900
  })

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.watch[0].arn}:*"
  }

  # AWS tries the role's permissions when the machine is created.
  depends_on = [aws_iam_role_policy.watch]
}

data "aws_iam_policy_document" "watch_schedule_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    # The group: EventBridge Scheduler never names a schedule here.
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [var.pipeline.schedule_group_arn]
    }
  }
}

resource "aws_iam_role" "watch_schedule" {
  count = local.watches

  name               = "${local.watch_name}-start"
  description        = "Schedule of the watch over ${var.pipeline.name}"
  assume_role_policy = data.aws_iam_policy_document.watch_schedule_assume.json
}

data "aws_iam_policy_document" "watch_schedule" {
  statement {
    sid       = "StartTheWatch"
    actions   = ["states:StartExecution"]
    resources = [local.watch_arn]
  }

  statement {
    sid       = "KeepWhatCouldNotBeStarted"
    actions   = ["sqs:SendMessage"]
    resources = [var.pipeline.dead_letter_queue_arn]
  }
}

resource "aws_iam_role_policy" "watch_schedule" {
  count = local.watches

  name   = "start"
  role   = aws_iam_role.watch_schedule[0].id
  policy = data.aws_iam_policy_document.watch_schedule.json
}

resource "aws_scheduler_schedule" "watch" {
  #checkov:skip=CKV_AWS_297:it holds a placeholder of AWS's own
  count = local.watches

  name                         = "watch"
  group_name                   = var.pipeline.schedule_group
  description                  = "Looks for missed runs of ${var.pipeline.name}"
  schedule_expression          = var.pipeline.schedule_expression
  schedule_expression_timezone = var.pipeline.schedule_time_zone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.watch[0].arn
    role_arn = aws_iam_role.watch_schedule[0].arn

    # jsonencode would write the angle brackets as escapes, which the scheduler does not know for its placeholder.
    input = replace(jsonencode({ scheduled_time = "@@scheduled-time@@" }), "@@scheduled-time@@", "<aws.scheduler.scheduled-time>")

    dead_letter_config {
      arn = var.pipeline.dead_letter_queue_arn
    }

    retry_policy {
      maximum_retry_attempts       = 3
      maximum_event_age_in_seconds = 900
    }
  }

  depends_on = [aws_iam_role_policy.watch_schedule]
}
