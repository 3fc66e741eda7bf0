# What the worker may do (its task role), and what Fargate does before the worker starts (the execution role).

data "aws_iam_policy_document" "tasks_assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ecs:${local.region}:${local.account_id}:*"]
    }
  }
}

resource "aws_iam_role" "task" {
  name               = "${local.name}-task"
  description        = "Workers of ${var.name}: read inputs, create records, publish"
  assume_role_policy = data.aws_iam_policy_document.tasks_assume.json
}

data "aws_iam_policy_document" "task" {
  source_policy_documents = [
    data.aws_iam_policy_document.root.json,
    data.aws_iam_policy_document.inputs.json,
  ]

  statement {
    sid     = "CreateRecordsAndSwapLive"
    actions = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = [for place in ["live.json", "ledger/*", "runs/*", "executions/*", "evidence/*"] :
    "${local.root_arn}/${place}"]
  }

  statement {
    sid       = "DeleteNothing"
    effect    = "Deny"
    actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    resources = ["${local.root_arn}/*"]
  }

  statement {
    sid       = "AskWhetherTheOwnerOfAClaimStillGoes"
    actions   = ["states:DescribeExecution"]
    resources = local.execution_arns
  }
}

resource "aws_iam_role_policy" "task" {
  name   = "worker"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}

resource "aws_iam_role" "execution" {
  name               = "${local.name}-execution"
  description        = "Fargate for ${var.name}: pull the image, write the log"
  assume_role_policy = data.aws_iam_policy_document.tasks_assume.json
}

data "aws_iam_policy_document" "execution" {
  statement {
    sid       = "LogInToTheRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"] # AWS knows no resource for it: a token is for the account's whole registry
  }

  statement {
    sid       = "PullTheImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = [aws_ecr_repository.this.arn]
  }

  statement {
    sid       = "WriteTheLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.worker.arn}:log-stream:run/*"]
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "fargate"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}
