"""Nimbus takes trained spaCy pipelines into scheduled batch production, and keeps them healthy there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nimbus_runtime.published import dataset as dataset

__version__ = "0.1.0"
__all__ = ["dataset"]


def __getattr__(name: str) -> object:
    """Import the one public function when it is first asked for."""
    if name == "dataset":
        from nimbus_runtime.published import dataset  # noqa: PLC0415 - keeps `import nimbus` light

        return dataset
    raise AttributeError(f"module 'nimbus' has no attribute {name!r}")
