"""Why a candidate cannot be judged as it was asked for."""

from __future__ import annotations

from nimbus_runtime.contract.errors import NimbusError, UsageError


class NothingToCompareError(NimbusError):
    """There is no live release, or nothing of what it read is left."""


class NothingPublishedError(NothingToCompareError):
    """Live has published nothing that could stand for it, and cannot score here."""


class BundleNotHereError(UsageError):
    """A release is named whose bundle is not on this machine."""


class CanaryRefusedError(UsageError):
    """A release cannot be given a share of the shards."""
