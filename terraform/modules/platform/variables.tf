variable "name" {
  description = "Name of the environment. Every resource's name begins with it, so it is unique in the account, such as `nimbus-production`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name)) && length(var.name) >= 3 && length(var.name) <= 24
    error_message = "name is 3 to 24 lower-case letters, digits and single hyphens, and begins with a letter, such as nimbus-production."
  }
}

variable "vpc_id" {
  description = "VPC that tasks run in. Null: a VPC is created, with private subnets and endpoints and without a way to the internet."
  type        = string
  default     = null

  validation {
    condition     = var.vpc_id == null || can(regex("^vpc-[0-9a-f]{8,17}$", var.vpc_id))
    error_message = "vpc_id is null or the id of a VPC, such as vpc-0a1b2c3d4e5f60718."
  }
}

variable "subnet_ids" {
  description = "Private subnets of the existing VPC. Tasks get no public address, so these need endpoints or NAT for S3, ECR, logs and Step Functions."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.subnet_ids : can(regex("^subnet-[0-9a-f]{8,17}$", id))])
    error_message = "subnet_ids are ids of subnets, such as subnet-0a1b2c3d4e5f60718."
  }

  validation {
    condition     = (var.vpc_id == null) == (length(var.subnet_ids) == 0)
    error_message = "subnet_ids name at least one private subnet of the existing vpc_id; leave both out to have a VPC created."
  }
}

variable "egress_cidr_blocks" {
  description = "Where tasks in an existing VPC may connect to, by HTTPS only: its endpoints' range, or `0.0.0.0/0` behind NAT."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for block in var.egress_cidr_blocks : can(cidrnetmask(block))])
    error_message = "egress_cidr_blocks are IPv4 ranges in CIDR notation, such as 10.0.0.0/16."
  }

  validation {
    condition     = (length(var.subnet_ids) == 0) == (length(var.egress_cidr_blocks) == 0)
    error_message = "egress_cidr_blocks are needed with subnet_ids, and only then: in a created VPC tasks reach its endpoints and nothing else."
  }
}

variable "vpc_cidr" {
  description = "Address range of the created VPC. Every task takes an address: a /20 in two zones has room for 2,000, a /16 for 32,000."
  type        = string
  default     = "10.64.0.0/20"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 24, false)
    error_message = "vpc_cidr is an IPv4 range between /16 and /24, such as 10.64.0.0/20."
  }
}

variable "availability_zones" {
  description = "How many zones the created VPC spans. Each costs one address an interface endpoint; Spot capacity is found in more places with more."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([1, 2, 3], var.availability_zones)
    error_message = "availability_zones is 1, 2 or 3."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept. More than a year by default, so that a yearly run can be compared with the one before."
  type        = number
  default     = 400
  nullable    = false

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "noncurrent_version_days" {
  description = "How long S3 keeps a version that was overwritten or deleted. Current ones are never removed by a rule: `nimbus prune` owns them."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 1 && var.noncurrent_version_days <= 3650 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days is a whole number from 1 to 3650."
  }
}

variable "key_deletion_days" {
  description = "How long the key waits before it is deleted with the environment. Until then everything it encrypts can still be saved."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_days >= 7 && var.key_deletion_days <= 30 && floor(var.key_deletion_days) == var.key_deletion_days
    error_message = "key_deletion_days is a whole number from 7 to 30."
  }
}

variable "notification_emails" {
  description = "Who is told of failed and missed runs. Each address has to confirm its subscription once."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.notification_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "notification_emails are e-mail addresses, such as nlp@example.com."
  }
}

variable "access_log_bucket" {
  description = "Existing bucket that takes the access logs of the environment's bucket. Null: none are written."
  type        = string
  default     = null

  validation {
    condition     = var.access_log_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.access_log_bucket))
    error_message = "access_log_bucket is null or the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may remove the bucket with every dataset in it. Leave it false where datasets matter."
  type        = bool
  default     = false
  nullable    = false
}
