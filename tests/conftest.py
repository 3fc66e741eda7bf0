"""What tests of several folders start from. A fixture of the session stands here once: elsewhere it is made again."""

from __future__ import annotations

from tests.aws.fixtures import aws, aws_environment, bucket, local_aws

__all__ = ["aws", "aws_environment", "bucket", "local_aws"]
