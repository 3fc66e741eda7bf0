"""Why a pipeline is not compiled."""

from __future__ import annotations

from nimbus_runtime.contract.errors import NimbusError, UsageError


class PipelineNotFoundError(UsageError):
    """What was named is not a trained pipeline."""


class CompileRefusedError(NimbusError):
    """A pipeline has a part that cannot be compiled to give the same predictions."""


class WeightsInvalidError(CompileRefusedError):
    """The saved weights are damaged, incomplete, or hold something that is not a tensor."""


class BundleExistsError(UsageError):
    """There is something else where the bundle would be written."""


class CodeUnusableError(UsageError):
    """What was named as a pipeline's own code is not there, or is no code."""


class CodeRefusedError(CompileRefusedError):
    """A pipeline's own code fails, or needs what runs do not have."""
