mock_provider "aws" {
  source = "../../mocks"
}

run "it_applies_as_it_stands" {
  command = apply

  assert {
    condition     = toset(keys(output.environment)) == toset(["de_contracts", "en_support", "fr_chat"])
    error_message = "Every pipeline is told."
  }
  assert {
    condition     = output.environment.de_contracts.architecture == "ARM64"
    error_message = "Pipelines may have processors of their own."
  }
}
