variable "region" {
  description = "Region of the environment."
  type        = string
  default     = "eu-west-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region is the code of a region, such as eu-west-1."
  }
}

variable "environment" {
  description = "Name of the environment, unique in the account."
  type        = string
  default     = "nimbus-complete"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.environment))
    error_message = "environment is 3 to 24 lower-case letters, digits and hyphens, such as nimbus-production."
  }
}

variable "notification_emails" {
  description = "Who is told of failed and missed runs."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.notification_emails : strcontains(address, "@")])
    error_message = "notification_emails are e-mail addresses, such as nlp@example.com."
  }
}
