"""What can go wrong with images, a class a cause."""

from __future__ import annotations

from nimbus_runtime.contract.errors import NimbusError, UsageError


class ImageError(NimbusError):
    """An image cannot be built, looked at or pushed."""


class EngineMissingError(ImageError):
    """There is neither docker nor podman."""


class EngineDownError(ImageError):
    """An engine is installed and does not work: it is not running, or this user may not use it."""


class BaseUnreachableError(ImageError):
    """The base image is not here and cannot be fetched."""


class BaseUnsuitableError(ImageError):
    """The base image is there and cannot carry the runtime."""


class WheelMissingError(ImageError):
    """A locked package has no wheel for the image's processor, or none with a locked hash can be fetched."""


class RequirementMissingError(UsageError):
    """A bundle requires a package that no lock brings into the image."""


class DiskFullError(ImageError):
    """There is no room left where the image is built or kept."""


class ClockWrongError(ImageError):
    """The clock is so wrong that no archive, certificate or signature holds."""


class BuildFailedError(ImageError):
    """The engine gave up on the build."""


class ImageMissingError(ImageError):
    """There is no such image here."""


class RepositoryMissingError(ImageError):
    """The registry has no such repository, and it may not be created."""


class PushRefusedError(ImageError):
    """The registry takes nothing from this user."""


class TagTakenError(ImageError):
    """The tag stands for an image with other content, and tags never change."""


class FindingsUnknownError(ImageError):
    """A registry has not scanned the image, or cannot."""
