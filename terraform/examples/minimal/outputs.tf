output "environment" {
  description = "What the toolkit reads: `terraform output -json environment`."
  value       = module.pipeline.environment
}

output "nimbus_toml" {
  description = "The same as a block for `nimbus.toml`: `terraform output -raw nimbus_toml`."
  value       = module.pipeline.nimbus_toml
}

output "deployer_policy_arn" {
  description = "Policy to attach to the role of whoever deploys."
  value       = module.pipeline.deployer_policy_arn
}

output "pruner_policy_arn" {
  description = "Policy to attach to the role of whoever prunes."
  value       = module.pipeline.pruner_policy_arn
}

output "text_reader_policy_arn" {
  description = "Policy to attach beside it where a candidate is shadowed on real inputs."
  value       = module.pipeline.text_reader_policy_arn
}
