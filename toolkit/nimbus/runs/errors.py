"""Why a run of an environment is not started."""

from __future__ import annotations

from nimbus_runtime.contract.errors import NimbusError, UsageError


class NothingLiveError(UsageError):
    """No release was made live in the environment yet."""


class ReleaseMissingError(NimbusError):
    """The release to run is not registered, or what it runs with is gone."""
