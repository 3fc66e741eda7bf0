"""Why a load test cannot be made."""

from __future__ import annotations

from nimbus_runtime.contract.errors import NimbusError, UsageError


class LoadTestTargetError(UsageError):
    """There is nothing to put under load, or more than one thing."""


class LoadTestSilentError(NimbusError):
    """Nobody answers at the address that is to be put under load, or not yet."""


class LoadTestFailedError(NimbusError):
    """The generator or the server under load ended before there was a result."""


class LocustMissingError(UsageError):
    """Locust is not installed."""
