# A pipeline takes all of it at once: `platform = module.platform`.

output "name" {
  description = "Name of the environment."
  value       = var.name
}

output "region" {
  description = "Region that the environment is in."
  value       = local.region
}

output "bucket" {
  description = "Bucket that holds every pipeline's root."
  value       = aws_s3_bucket.this.bucket

  # Who writes into it should find its rules in force.
  depends_on = [aws_s3_bucket_policy.this, aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_versioning.this]
}

output "kms_key_arn" {
  description = "Key that encrypts bucket, images, logs and notices."
  value       = aws_kms_key.this.arn
}

output "cluster_arn" {
  description = "Cluster that tasks run in, on Fargate and Fargate Spot."
  value       = aws_ecs_cluster.this.arn

  depends_on = [aws_ecs_cluster_capacity_providers.this]
}

output "subnet_ids" {
  description = "Private subnets that tasks run in."
  value       = local.subnet_ids
}

output "security_group_id" {
  description = "Security group of tasks: nothing comes in, HTTPS goes out."
  value       = aws_security_group.worker.id
}

output "topic_arn" {
  description = "Topic of notices and alarms."
  value       = aws_sns_topic.this.arn

  depends_on = [aws_sns_topic_policy.this]
}

output "log_retention_days" {
  description = "How long logs are kept."
  value       = var.log_retention_days
}
