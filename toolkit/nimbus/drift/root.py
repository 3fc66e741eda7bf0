"""Where a pipeline's records lie, how commands name it, and what its project says of drift."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nimbus_runtime.contract.inputs import Fields

if TYPE_CHECKING:
    from nimbus.config.drift import Drift
    from nimbus_runtime.contract.drift import Thresholds
    from nimbus_runtime.store import Store


@dataclass(frozen=True, slots=True)
class DriftRoot:
    """A root: an absolute folder or s3://bucket/prefix. `named` is how a command to try next names it.

    `thresholds` are the limits of a baseline that is made here.
    """

    root: str
    named: str
    settings: Drift
    thresholds: Thresholds
    fields: Fields = field(default_factory=Fields)

    def reading(self) -> Store:
        """Open it to read, which needs no permission to write."""
        from nimbus_runtime.store import DirectoryStore, open_store  # noqa: PLC0415 - heavy

        return open_store(self.root) if "://" in self.root else DirectoryStore.reading(Path(self.root))

    def opened(self) -> Store:
        """Open it to create records; it has to be there."""
        from nimbus_runtime.store import open_store  # noqa: PLC0415 - heavy

        self.reading()
        return open_store(self.root)
