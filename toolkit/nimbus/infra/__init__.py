"""What an environment on AWS is made of: written as Terraform, planned, shown, applied, destroyed."""
