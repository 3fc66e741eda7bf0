"""The image that these tests run."""

from __future__ import annotations

from tests.image.fixtures import base_image, built_image, podman

__all__ = ["base_image", "built_image", "podman"]
