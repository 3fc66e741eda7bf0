mock_provider "aws" {
  source = "../../mocks"
}

run "it_applies_as_it_stands" {
  command = apply

  assert {
    condition     = output.environment.root == "s3://nimbus-minimal-111122223333/en_support"
    error_message = "The pipeline's root is told."
  }
}
