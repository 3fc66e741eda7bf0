"""Why infrastructure is not made."""

from __future__ import annotations

from nimbus_runtime.contract.errors import NimbusError, UsageError


class InfraUsageError(UsageError):
    """The project does not say what its environment on AWS needs."""


class InfraPlanChangedError(NimbusError):
    """The plan that is there is not the one that was shown."""


class InfraBusyError(NimbusError):
    """Runs still go in what should be destroyed."""
