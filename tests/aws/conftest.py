"""The local AWS for the tests of this folder; other folders import the fixtures from `tests.aws.fixtures`."""

from __future__ import annotations

from tests.aws.fixtures import aws, aws_environment, local_aws

__all__ = ["aws", "aws_environment", "local_aws"]
