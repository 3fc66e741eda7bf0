"""A bucket for each test that asks for one."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.aws.fixtures import aws, aws_environment, local_aws

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

__all__ = ["aws", "aws_environment", "bucket", "local_aws"]


@pytest.fixture
def bucket(aws_environment: LocalAws) -> str:
    """Return the name of an empty bucket of the local AWS."""
    name = f"nimbus-{uuid.uuid4()}"
    place = {"LocationConstraint": aws_environment.environment()["AWS_REGION"]}
    aws_environment.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)
    return name
