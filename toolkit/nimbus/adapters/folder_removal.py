"""Deletes records and files below a root that is a folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from nimbus_runtime.contract.errors import StoreError


class FolderRemoval:
    """A root in a directory, which may be deleted in."""

    def __init__(self, root: Path) -> None:
        """Delete below `root`."""
        self._root = root

    def sizes(self, folder: str) -> dict[str, int]:
        """Return every name below a folder with its size in bytes."""
        found = {}
        for place, _, files in os.walk(self._root / folder):
            for name in files:
                path = Path(place, name)
                found[path.relative_to(self._root).as_posix()] = path.stat().st_size
        return found

    def older(self, folder: str, before: datetime) -> dict[str, int]:
        """Return every name below a folder that was last written before a time, with its size in bytes."""
        found = self.sizes(folder)
        return {name: size for name, size in found.items() if (self._root / name).stat().st_mtime < before.timestamp()}

    def remove(self, names: Sequence[str]) -> None:
        """Delete files in this order, and the folders that they leave empty."""
        for name in names:
            path = self._root / name
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise StoreError(
                    f"this cannot be removed: {error.strerror or error}",
                    where=str(path),
                    remedy="let this user delete in the root, and prune again",
                ) from None
        for folder in sorted({(self._root / name).parent for name in names}, reverse=True):
            with contextlib.suppress(OSError):  # not empty
                while folder not in (self._root, self._root.parent):
                    folder.rmdir()
                    folder = folder.parent  # noqa: PLW2901 - upwards, until one holds something
