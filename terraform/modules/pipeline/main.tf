# One spaCy pipeline in an environment. This file: what things are called.
#
# ARNs of what refers to each other are built from names: a role that is told of its own state machine, and the machine
# of its role, would be a cycle otherwise.

locals {
  name = "${var.platform.name}-${var.name}"

  arn        = split(":", var.platform.cluster_arn)
  partition  = local.arn[1]
  region     = var.platform.region
  account_id = local.arn[4]
  cluster    = split("/", var.platform.cluster_arn)[1]

  container      = "worker"
  release_family = "${local.name}-release" # what `nimbus deploy` registers; Terraform never touches it

  bucket_arn  = "arn:${local.partition}:s3:::${var.platform.bucket}"
  root_arn    = "${local.bucket_arn}/${var.name}"
  machine_arn = "arn:${local.partition}:states:${local.region}:${local.account_id}:stateMachine:${local.name}"
  # Executions of the machine, and of the map within it.
  execution_arns = [for names in [local.name, "${local.name}/*"] : "arn:${local.partition}:states:${local.region}:${local.account_id}:execution:${names}:*"]
  families = [for family in [local.name, local.release_family] :
  "arn:${local.partition}:ecs:${local.region}:${local.account_id}:task-definition/${family}"]
  tasks_arn = "arn:${local.partition}:ecs:${local.region}:${local.account_id}:task/${local.cluster}/*"

  # s3://bucket/prefix/ as its parts, or s3://bucket/key, which is one object.
  inputs = [for location in var.input_locations : {
    bucket    = split("/", location)[2]
    prefix    = join("/", slice(split("/", location), 3, length(split("/", location))))
    is_folder = endswith(location, "/")
  }]
  input_folders = { for number, input in local.inputs : number => input if input.is_folder }
  input_arns    = [for input in local.inputs : "arn:${local.partition}:s3:::${input.bucket}/${input.prefix}${input.is_folder ? "*" : ""}"] # all below a folder
}
