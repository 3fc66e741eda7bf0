"""What tests of adapters need."""

from __future__ import annotations

from tests.aws.fixtures import aws, aws_environment, local_aws

__all__ = ["aws", "aws_environment", "local_aws"]
