# What people may do: data scientists deploy, run, look and roll back; some of them read the texts, too; whoever clears
# up prunes. None changes what Terraform made. Attach them to roles of your own.

data "aws_iam_policy_document" "deployer" {
  #checkov:skip=CKV_AWS_356:three actions for which AWS knows no resource; each says so
  #checkov:skip=CKV_AWS_111:as CKV_AWS_356

  source_policy_documents = [
    data.aws_iam_policy_document.root.json,
    data.aws_iam_policy_document.pass_roles.json,
  ]

  statement {
    sid = "ActionsWithoutResource"
    actions = [
      "ecr:GetAuthorizationToken",
      "ecs:DescribeTaskDefinition",
      "ecs:RegisterTaskDefinition",
    ]
    resources = ["*"] # AWS knows no resource for these; what a definition runs as is bounded by the roles to pass
  }

  statement {
    sid = "PushAndLookAtImages"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:DescribeImageScanFindings",
      "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = [aws_ecr_repository.this.arn]
  }

  statement {
    sid       = "TagReleasesTasks"
    actions   = ["ecs:TagResource"]
    resources = ["${local.families[1]}:*"]

    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RegisterTaskDefinition"]
    }
  }

  statement {
    sid       = "PreflightTheRoles"
    actions   = ["iam:GetRole", "iam:SimulatePrincipalPolicy"]
    resources = [aws_iam_role.task.arn, aws_iam_role.execution.arn]
  }

  statement {
    sid       = "PreflightTheQuotas"
    actions   = ["servicequotas:GetServiceQuota"]
    resources = ["arn:${local.partition}:servicequotas:${local.region}:${local.account_id}:fargate/*"]
  }

  statement {
    sid       = "ReleaseAndSwapLive"
    actions   = ["s3:PutObject"]
    resources = [for place in ["live.json", "ledger/*", "releases/*", "evidence/*", "baselines/*"] : "${local.root_arn}/${place}"]
  }

  statement {
    sid       = "RunAndList"
    actions   = ["states:DescribeStateMachine", "states:ListExecutions", "states:StartExecution"]
    resources = [local.machine_arn]
  }

  statement {
    sid       = "FollowAndStop"
    actions   = ["states:DescribeExecution", "states:GetExecutionHistory", "states:StopExecution"]
    resources = local.execution_arns
  }

  statement {
    sid       = "ReadLogs"
    actions   = ["logs:FilterLogEvents"]
    resources = ["${aws_cloudwatch_log_group.worker.arn}:*"]
  }

  statement {
    sid       = "SeeAlarms"
    actions   = ["cloudwatch:DescribeAlarms"]
    resources = ["arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:${local.name}-*"]
  }

  statement {
    sid       = "SeeWhenRunsAreDue"
    actions   = ["scheduler:GetSchedule"]
    resources = ["arn:${local.partition}:scheduler:${local.region}:${local.account_id}:schedule/${local.name}/run"]
  }
}

resource "aws_iam_policy" "deployer" {
  name        = "${local.name}-deployer"
  description = "Deploy, run, follow and roll back ${var.name}, and change nothing that Terraform made"
  policy      = data.aws_iam_policy_document.deployer.json
}

data "aws_iam_policy_document" "pruner" {
  #checkov:skip=CKV_AWS_356:one action for which AWS knows no resource
  #checkov:skip=CKV_AWS_111:as CKV_AWS_356

  source_policy_documents = [data.aws_iam_policy_document.root.json]

  # What goes is marked and leaves live.json before it is removed, so that nobody makes it live meanwhile.
  statement {
    sid       = "TakeReleasesOutOfLive"
    actions   = ["s3:PutObject"]
    resources = [for place in ["live.json", "ledger/*", "releases/*/going.json", "runs/*/going.json"] : "${local.root_arn}/${place}"]
  }

  # Never versions: the bucket keeps what was deleted for as long as its rule says.
  statement {
    sid       = "DeleteOldRunsAndReleases"
    actions   = ["s3:DeleteObject"]
    resources = [for place in ["runs/*", "executions/*", "map-results/*", "releases/*", "evidence/*"] : "${local.root_arn}/${place}"]
  }

  statement {
    sid       = "DeleteOldImages"
    actions   = ["ecr:BatchDeleteImage", "ecr:DescribeImages"]
    resources = [aws_ecr_repository.this.arn]
  }

  statement {
    sid       = "DeregisterOldReleases"
    actions   = ["ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"]
    resources = ["*"] # AWS knows no resource for these
  }
}

resource "aws_iam_policy" "pruner" {
  name        = "${local.name}-pruner"
  description = "Remove old runs and releases of ${var.name}"
  policy      = data.aws_iam_policy_document.pruner.json
}

# A shadow, a replay and an export for annotation read texts on the machine of whoever asks for them.
resource "aws_iam_policy" "text_reader" {
  name        = "${local.name}-text-reader"
  description = "Read the inputs of ${var.name}: with ${local.name}-deployer, for shadows, replays and annotation"
  policy      = data.aws_iam_policy_document.inputs.json
}
