output "environment" {
  description = "What the toolkit reads, by pipeline: `terraform output -json environment`."
  value       = { for name, pipeline in module.pipeline : name => pipeline.environment }
}

output "nimbus_toml" {
  description = "The same as a block for each pipeline's `nimbus.toml`."
  value       = { for name, pipeline in module.pipeline : name => pipeline.nimbus_toml }
}

output "deployer_policy_arns" {
  description = "Policies to attach to the roles of whoever deploys, by pipeline."
  value       = { for name, pipeline in module.pipeline : name => pipeline.deployer_policy_arn }
}

output "pruner_policy_arns" {
  description = "Policies to attach to the roles of whoever prunes, by pipeline."
  value       = { for name, pipeline in module.pipeline : name => pipeline.pruner_policy_arn }
}

output "text_reader_policy_arns" {
  description = "Policies to attach beside them where candidates are shadowed on real inputs, by pipeline."
  value       = { for name, pipeline in module.pipeline : name => pipeline.text_reader_policy_arn }
}
