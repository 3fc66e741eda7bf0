"""Failures of releasing."""

from __future__ import annotations

from nimbus_runtime.contract.errors import NimbusError, UsageError


class ReleaseNotFoundError(UsageError):
    """No release of this name is registered here."""


class ReleaseUnusableError(NimbusError):
    """A release is registered and can no longer run: its bundle, image or task definition is gone."""


class DatasetUnusableError(NimbusError):
    """A run's dataset cannot be shown again: it is gone, was never published, or is another pipeline's."""


class NotDeployedError(UsageError):
    """Nothing is live in this environment yet."""


class PreflightFailedError(NimbusError):
    """A release could not run where it was to be deployed."""
