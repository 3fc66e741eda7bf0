# When runs are due. Whether the pipeline is paused stands in live.json: a schedule that is changed by hand would be
# changed back by the next apply.

resource "aws_scheduler_schedule_group" "this" {
  name = local.name
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${local.name}-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  policy                    = data.aws_iam_policy_document.dead_letters.json # a resource of its own would take as long again
}

data "aws_iam_policy_document" "dead_letters" {
  statement {
    sid       = "OnlyByTls"
    effect    = "Deny"
    actions   = ["sqs:SendMessage", "sqs:ReceiveMessage"]
    resources = ["arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.name}-dead-letters"]

    principals {
      type        = "*" # everyone, since it denies
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

data "aws_iam_policy_document" "schedule_assume" {
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
      values   = [aws_scheduler_schedule_group.this.arn]
    }
  }
}

resource "aws_iam_role" "schedule" {
  name               = "${local.name}-schedule"
  description        = "Schedule of ${var.name}: start runs"
  assume_role_policy = data.aws_iam_policy_document.schedule_assume.json
}

data "aws_iam_policy_document" "schedule" {
  statement {
    sid       = "StartRuns"
    actions   = ["states:StartExecution"]
    resources = [local.machine_arn]
  }

  statement {
    sid       = "KeepWhatCouldNotBeStarted"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }
}

resource "aws_iam_role_policy" "schedule" {
  name   = "start"
  role   = aws_iam_role.schedule.id
  policy = data.aws_iam_policy_document.schedule.json
}

resource "aws_scheduler_schedule" "this" {
  #checkov:skip=CKV_AWS_297:it holds a kind and a placeholder of AWS's own
  name                         = "run"
  group_name                   = aws_scheduler_schedule_group.this.name
  description                  = "Runs of ${var.name}"
  schedule_expression          = var.schedule_expression
  schedule_expression_timezone = var.schedule_time_zone

  flexible_time_window {
    mode                      = var.schedule_flexible_minutes == 0 ? "OFF" : "FLEXIBLE"
    maximum_window_in_minutes = var.schedule_flexible_minutes == 0 ? null : var.schedule_flexible_minutes
  }

  target {
    arn      = aws_sfn_state_machine.this.arn
    role_arn = aws_iam_role.schedule.arn

    # jsonencode would write the angle brackets as escapes, which the scheduler does not know for its placeholder.
    input = replace(jsonencode({ kind = "scheduled", scheduled_time = "@@scheduled-time@@" }), "@@scheduled-time@@", "<aws.scheduler.scheduled-time>")

    dead_letter_config {
      arn = aws_sqs_queue.dead_letters.arn
    }

    # Delivery only: what fails later is the state machine's. A delivery that comes twice finds the run's claim.
    retry_policy {
      maximum_retry_attempts       = 3
      maximum_event_age_in_seconds = 900
    }
  }

  depends_on = [aws_iam_role_policy.schedule]
}
