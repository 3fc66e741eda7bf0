"""The root of a pipeline: create once, compare and swap, and nothing else.

The protocol rests on two promises, and a place that cannot keep them is refused when it is
opened: a name is created once, whole or not at all, by exactly one of all that try; and
live.json changes only from the state that its writer has read.
"""

from __future__ import annotations

from pathlib import Path

from nimbus_runtime.store.directory import DirectoryStore
from nimbus_runtime.store.port import Staged, Store, Versioned
from nimbus_runtime.store.s3 import S3Store


def open_store(root: str) -> Store:
    """Open the root of a pipeline: a folder, or an address such as s3://bucket/prefix."""
    return S3Store.at(root) if root.startswith("s3://") else DirectoryStore(Path(root))


__all__ = ["DirectoryStore", "S3Store", "Staged", "Store", "Versioned", "open_store"]
