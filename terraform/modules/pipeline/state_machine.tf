# The run as a state machine, and what it may do.

resource "aws_cloudwatch_log_group" "machine" {
  # Below vendedlogs a log group needs no resource policy of its own, of which an account has ten.
  name              = "/aws/vendedlogs/states/${local.name}"
  retention_in_days = var.platform.log_retention_days
  kms_key_id        = var.platform.kms_key_arn
}

data "aws_iam_policy_document" "machine_assume" {
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
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.machine_arn, "${local.machine_arn}/*"]
    }
  }
}

resource "aws_iam_role" "machine" {
  name               = "${local.name}-machine"
  description        = "State machine of ${var.name}: start tasks, read what they decided, tell of failures"
  assume_role_policy = data.aws_iam_policy_document.machine_assume.json
}

data "aws_iam_policy_document" "machine" {
  #checkov:skip=CKV_AWS_111:only log delivery is unconstrained, for which AWS knows no resource
  #checkov:skip=CKV_AWS_356:as CKV_AWS_111

  source_policy_documents = [data.aws_iam_policy_document.pass_roles.json]

  statement {
    sid       = "ReadLiveReleaseAndDispatch"
    actions   = ["s3:GetObject"]
    resources = [for place in ["live.json", "releases/*", "executions/*"] : "${local.root_arn}/${place}"]
  }

  # S3 answers 403 instead of 404 for a missing object to whom may not list.
  statement {
    sid       = "TellMissingFromForbidden"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.name}/*"]
    }
  }

  statement {
    sid       = "WriteTheMapsResults"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${local.root_arn}/map-results/*"]
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
    sid       = "RunTasks"
    actions   = ["ecs:RunTask"]
    resources = [for family in local.families : "${family}:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [var.platform.cluster_arn]
    }
  }

  statement {
    sid       = "WatchAndStopTasks"
    actions   = ["ecs:DescribeTasks", "ecs:StopTask"]
    resources = [local.tasks_arn]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [var.platform.cluster_arn]
    }
  }

  # Tags of the task definition, passed on to its tasks.
  statement {
    sid       = "TagTasks"
    actions   = ["ecs:TagResource"]
    resources = [local.tasks_arn]

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RunTask"]
    }
  }

  # How Step Functions hears that a task of `.sync` ended.
  statement {
    sid       = "HearOfEndedTasks"
    actions   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
    resources = ["arn:${local.partition}:events:${local.region}:${local.account_id}:rule/StepFunctionsGetEventsForECSTaskRule"]
  }

  # A distributed map starts each batch as an execution of its own.
  statement {
    sid       = "StartBatches"
    actions   = ["states:StartExecution"]
    resources = [local.machine_arn]
  }

  statement {
    sid       = "WatchBatches"
    actions   = ["states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"]
    resources = local.execution_arns
  }

  statement {
    sid       = "TellOfFailures"
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

resource "aws_iam_role_policy" "machine" {
  name   = "run"
  role   = aws_iam_role.machine.id
  policy = data.aws_iam_policy_document.machine.json
}

resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_285:errors are logged; it wants the data of executions in the log, and no document may get there
  #checkov:skip=CKV_AWS_284:a run is followed by its history and the records it leaves; traces of hour-long tasks say less
  name     = local.name
  role_arn = aws_iam_role.machine.arn
  type     = "STANDARD"

  definition = templatefile("${path.module}/state_machine.asl.json.tftpl", {
    partition                    = local.partition
    environment                  = var.platform.name
    pipeline                     = var.name
    bucket                       = var.platform.bucket
    cluster_arn                  = var.platform.cluster_arn
    topic_arn                    = var.platform.topic_arn
    container                    = local.container
    first_capacity_provider      = var.spot ? "FARGATE_SPOT" : "FARGATE"
    max_concurrency              = var.max_concurrency
    tolerated_failure_percentage = var.tolerated_failure_percentage
    retries                      = var.retries
    overlap                      = var.overlap
    task_deadline_seconds        = var.task_deadline_minutes * 60
    task_timeout_seconds         = (var.task_deadline_minutes + 15) * 60 # above the worker's own deadline: a timeout does not stop a task
    run_timeout_seconds          = var.run_timeout_hours * 3600
    network = jsonencode({
      AwsvpcConfiguration = {
        AssignPublicIp = "DISABLED"
        SecurityGroups = [var.platform.security_group_id]
        Subnets        = var.platform.subnet_ids
      }
    })
  })

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.machine.arn}:*"
  }

  # AWS tries the role's permissions when the machine is created.
  depends_on = [aws_iam_role_policy.machine]
}
