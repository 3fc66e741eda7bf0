"""What every store promises, wherever the root of a pipeline lies."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Versioned:
    """What was read, and the version that a compare-and-swap must still find."""

    data: bytes
    version: str


class Staged(Protocol):
    """A file being written; it becomes visible by `publish` alone."""

    @property
    def file(self) -> BinaryIO:
        """Return the open file."""
        ...

    def publish(self, name: str) -> bool:
        """Give the file its name; return False where the name already exists."""
        ...


class Store(Protocol):
    """Create once, compare and swap, and nothing else."""

    @property
    def location(self) -> str:
        """Return where the root is, as a user would name it."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return a record's bytes, or None where there is none."""
        ...

    def opened(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading, which can seek; StoreError where it is missing."""
        ...

    def names(self, folder: str) -> list[str]:
        """Return the names directly below a folder, sorted; none where it does not exist."""
        ...

    def create(self, name: str, data: bytes) -> bool:
        """Create a record once; return whether this call was the one that did."""
        ...

    def staged(self) -> AbstractContextManager[Staged]:
        """Open a file that has no name in the root until it is published, whole."""
        ...

    def read_versioned(self, name: str) -> Versioned | None:
        """Return a record with the version that `compare_and_swap` compares."""
        ...

    def compare_and_swap(self, name: str, data: bytes, version: str | None) -> bool:
        """Replace a record if it still has `version` (None: does not exist); return whether it did."""
        ...
