"""Roots for these tests."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nimbus_runtime.s3 import Bucket
from nimbus_runtime.store import DirectoryStore, S3Store, Store
from tests.aws.fixtures import aws, aws_environment, local_aws

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws

__all__ = ["aws", "aws_environment", "local_aws", "root", "store"]


@pytest.fixture
def root(tmp_path: Path) -> DirectoryStore:
    """Return an empty root in a folder."""
    return DirectoryStore(tmp_path / "root")


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, root: DirectoryStore) -> Iterator[Store]:
    """Return an empty root of each kind."""
    if request.param == "directory":
        yield root
        return
    local: LocalAws = request.getfixturevalue("aws_environment")
    name = f"nimbus-{uuid.uuid4()}"
    place = {"LocationConstraint": local.environment()["AWS_REGION"]}
    local.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)
    yield S3Store(Bucket(name), "support")
