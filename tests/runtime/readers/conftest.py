"""Shared ways to make an input and to read it whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from nimbus_runtime.contract.inputs import Fields, Slice
from nimbus_runtime.readers import read, resolve, split

if TYPE_CHECKING:
    from pathlib import Path

    from nimbus_runtime.contract.documents import Document, Rejected
    from nimbus_runtime.contract.inputs import InputFile

WHOLE = 1 << 40


class Write(Protocol):
    """Writes a file and resolves it."""

    def __call__(self, name: str, content: bytes) -> InputFile:
        """Return the one input."""


class ReadAll(Protocol):
    """Reads an input, slice by slice."""

    def __call__(self, file: InputFile, fields: Fields | None = None, target: int = WHOLE) -> list[Document | Rejected]:
        """Return everything that the slices of a target size hold."""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write content under a name and resolve it."""

    def write(name: str, content: bytes) -> InputFile:
        path = tmp_path / name
        path.write_bytes(content)
        (file,) = resolve([str(path)], tmp_path / "spool")
        return file

    return write


@pytest.fixture
def read_all() -> ReadAll:
    """Read the slices of a file one after the other."""

    def read_all(file: InputFile, fields: Fields | None = None, target: int = WHOLE) -> list[Document | Rejected]:
        parts: list[Slice] = split(file, target)
        return [item for part in parts for item in read(file, part, fields or Fields())]

    return read_all
