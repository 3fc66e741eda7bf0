"""pytest's view of the local AWS: one a process, since moto's mends are the process's. `tests/conftest.py` has it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.aws.local_aws import LocalAws


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """One server for all tests of this process."""
    pytest.importorskip("moto", reason="the local AWS needs moto: pip install 'nimbus-nlp[dev]'")
    pytest.importorskip("boto3", reason="the local AWS needs boto3: pip install 'nimbus-nlp[dev]'")
    from tests.aws.local_aws import LocalAws  # noqa: PLC0415 - needs moto

    with LocalAws() as local_aws:
        yield local_aws


@pytest.fixture
def aws(local_aws: LocalAws) -> Iterator[LocalAws]:
    """Provide the local AWS, empty before and after the test."""
    yield local_aws
    local_aws.reset()


@pytest.fixture
def aws_environment(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """Provide the local AWS, with this process's environment pointing to it as a user's would to AWS."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    return aws


@pytest.fixture
def bucket(aws_environment: LocalAws) -> str:
    """Return the name of an empty bucket of the local AWS."""
    name = f"nimbus-{uuid.uuid4()}"
    place = {"LocationConstraint": aws_environment.environment()["AWS_REGION"]}
    aws_environment.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=place)
    return name
