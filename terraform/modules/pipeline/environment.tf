# What the toolkit is told of this environment, by outputs. None of it changes with a release.

locals {
  environment_block = {
    kind           = "aws"
    region         = local.region
    root           = "s3://${var.platform.bucket}/${var.name}"
    repository     = aws_ecr_repository.this.repository_url
    cluster        = var.platform.cluster_arn
    container      = local.container
    task_template  = local.name
    release_family = local.release_family
    task_role      = aws_iam_role.task.arn
    execution_role = aws_iam_role.execution.arn
    state_machine  = aws_sfn_state_machine.this.arn
    schedule       = "${aws_scheduler_schedule_group.this.name}/${aws_scheduler_schedule.this.name}"
    log_group      = aws_cloudwatch_log_group.worker.name
    architecture   = var.cpu_architecture
  }
}
