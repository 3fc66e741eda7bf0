"""The root of a pipeline: create once, compare and swap, and nothing else.

The protocol rests on two promises, and a place that cannot keep them is refused when it is
opened: a name is created once, whole or not at all, by exactly one of all that try; and
live.json changes only from the state that its writer has read.
"""

from __future__ import annotations

from nimbus_runtime.store.directory import DirectoryStore
from nimbus_runtime.store.port import Staged, Store, Versioned

__all__ = ["DirectoryStore", "Staged", "Store", "Versioned"]
