# What several of the policies allow, each in one place.

# Everything below the pipeline's root, by whoever may read or write there.
data "aws_iam_policy_document" "root" {
  statement {
    sid       = "ReadRecords"
    actions   = ["s3:GetObject"]
    resources = ["${local.root_arn}/*"]
  }

  # S3 answers 403 instead of 404 for a missing object to whom may not list.
  statement {
    sid       = "ListRecords"
    actions   = ["s3:ListBucket"]
    resources = [local.bucket_arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.name}/*"]
    }
  }

  statement {
    sid       = "EncryptInS3"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.platform.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "inputs" {
  statement {
    sid       = "ReadInputs"
    actions   = ["s3:GetObject"]
    resources = local.input_arns
  }

  dynamic "statement" {
    for_each = local.input_folders

    content {
      sid       = "ListInputs${statement.key}"
      actions   = ["s3:ListBucket"]
      resources = ["arn:${local.partition}:s3:::${statement.value.bucket}"]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = ["${statement.value.prefix}*"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.input_kms_key_arns) > 0 ? [1] : []

    content {
      sid       = "DecryptInputs"
      actions   = ["kms:Decrypt"]
      resources = var.input_kms_key_arns
    }
  }
}

data "aws_iam_policy_document" "pass_roles" {
  statement {
    sid       = "PassTheTasksRoles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.task.arn, aws_iam_role.execution.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}
