# One pipeline in an environment of its own. Inputs lie beside it, below inputs/ in the same bucket.

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      "nimbus:environment" = var.environment
    }
  }
}

module "platform" {
  source = "../../modules/platform"

  name                = var.environment
  availability_zones  = 1 # interface endpoints are nearly all that this costs idle, and are paid once a zone
  notification_emails = var.notification_emails
}

module "pipeline" {
  source = "../../modules/pipeline"

  name                = "en_support"
  platform            = module.platform
  schedule_expression = "cron(0 2 * * ? *)"
  input_locations     = ["s3://${module.platform.bucket}/inputs/"]
}

module "observability" {
  source = "../../modules/observability"

  platform = module.platform
  pipeline = module.pipeline
}
