"""Empty roots of each kind."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.aws.fixtures import aws, aws_environment, local_aws

from nimbus_runtime.s3 import Bucket
from nimbus_runtime.store import DirectoryStore, S3Store, Store

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

__all__ = ["aws", "aws_environment", "bucket", "local_aws", "store"]


@pytest.fixture
def bucket(aws_environment: LocalAws) -> str:
    """Return the name of an empty bucket of the local AWS."""
    name = f"nimbus-{uuid.uuid4()}"
    place = {"LocationConstraint": aws_environment.environment()["AWS_REGION"]}
    aws_environment.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)
    return name


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return an empty root of each kind."""
    if request.param == "directory":
        yield DirectoryStore(tmp_path / "root")
    else:
        yield S3Store(Bucket(request.getfixturevalue("bucket")), "support")
