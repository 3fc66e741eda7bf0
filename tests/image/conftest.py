"""The image that these tests run."""

from __future__ import annotations

from tests.aws.fixtures import aws, aws_environment, local_aws
from tests.image.fixtures import base_image, built_image, podman

__all__ = ["aws", "aws_environment", "base_image", "built_image", "local_aws", "podman"]
