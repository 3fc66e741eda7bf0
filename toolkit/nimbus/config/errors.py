"""Why `nimbus.toml` cannot be used as it is."""

from __future__ import annotations

from nimbus_runtime.contract.errors import NimbusError, UsageError


class ConfigNotFoundError(UsageError):
    """There is no nimbus.toml where one was looked for."""


class ConfigUnreadableError(UsageError):
    """The file is there and cannot be read, or is not TOML."""


class FileNotWrittenError(NimbusError):
    """A file of the project cannot be written."""


class ConfigNewerError(UsageError):
    """The file was written for a later version of Nimbus."""


class ConfigUnknownKeyError(UsageError):
    """A key, a section or a variable that nothing knows: most often a slip of the pen."""


class ConfigInvalidError(UsageError):
    """A value is missing, of another kind, or out of its bounds."""


class EnvironmentUnknownError(UsageError):
    """No such environment is described."""


class EnvironmentIncompleteError(UsageError):
    """An environment on AWS does not say what Terraform made for it."""
