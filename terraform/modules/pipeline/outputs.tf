# Observability takes all of it at once: `pipeline = module.pipeline`.

output "name" {
  description = "Name of the pipeline."
  value       = var.name
}

output "full_name" {
  description = "Name of the pipeline with its environment's before it: what its resources are called."
  value       = local.name
}

output "state_machine_arn" {
  description = "State machine of a run."
  value       = aws_sfn_state_machine.this.arn
}

output "schedule_group" {
  description = "Group of the pipeline's schedules."
  value       = aws_scheduler_schedule_group.this.name
}

output "schedule_group_arn" {
  description = "ARN of the group, which the role of another schedule in it trusts."
  value       = aws_scheduler_schedule_group.this.arn
}

output "schedule_expression" {
  description = "When runs are due."
  value       = var.schedule_expression
}

output "schedule_time_zone" {
  description = "Time zone that the schedule is meant in."
  value       = var.schedule_time_zone
}

output "dead_letter_queue_arn" {
  description = "Queue of starts that were due and could not be delivered."
  value       = aws_sqs_queue.dead_letters.arn
}

output "repository_url" {
  description = "Repository to push images to."
  value       = aws_ecr_repository.this.repository_url
}

output "task_role_arn" {
  description = "Role of workers: name it in the policy of an input bucket in another account."
  value       = aws_iam_role.task.arn
}

output "log_group" {
  description = "Log group of the workers."
  value       = aws_cloudwatch_log_group.worker.name
}

output "machine_log_group" {
  description = "Log group of the state machine."
  value       = aws_cloudwatch_log_group.machine.name
}

output "deployer_policy_arn" {
  description = "Policy for data scientists: deploy, run, follow, roll back."
  value       = aws_iam_policy.deployer.arn
}

output "pruner_policy_arn" {
  description = "Policy for whoever runs `nimbus prune`."
  value       = aws_iam_policy.pruner.arn
}

output "text_reader_policy_arn" {
  description = "Policy for whoever deploys with a shadow, replays rows, or exports texts for annotation: read the inputs."
  value       = aws_iam_policy.text_reader.arn
}

output "environment" {
  description = "What `nimbus.toml` needs of this environment to deploy the pipeline to it."
  value       = local.environment_block

  depends_on = [aws_ecs_task_definition.template]
}

output "nimbus_toml" {
  description = "The same as a block to put into `nimbus.toml`."
  value = join("\n", concat(
    ["[environments.${var.platform.name}]", "kind = \"aws\"", "", "[environments.${var.platform.name}.outputs]"],
    [for key, value in local.environment_block : "${key} = ${jsonencode(value)}" if key != "kind"],
    [""],
  ))
}
