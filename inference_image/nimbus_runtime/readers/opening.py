"""Opens an input for reading and makes sure that it is still what the run was planned with."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from nimbus_runtime.contract.errors import InputChangedError, InputUnreadableError
from nimbus_runtime.contract.inputs import Compression
from nimbus_runtime.readers import objects
from nimbus_runtime.readers.compression import BLOCK, unpack
from nimbus_runtime.s3 import ChangedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nimbus_runtime.contract.inputs import InputFile


GLANCE = 1 << 17  # bytes read at once of a file that is only looked into


@contextmanager
def opened(file: InputFile, block: int | None = None) -> Iterator[BinaryIO]:
    """Open the bytes as they lie on disk, or in a bucket; compare size and version at both ends.

    They are read `block` at a time, by default as many as suit whoever reads them all.
    """
    if file.key.startswith(objects.SCHEME):
        with _opened_object(file, block) as stream:
            yield stream
        return
    try:
        with Path(file.key).open("rb", block or BLOCK) as stream:
            _expect_unchanged(file, stream)
            try:
                yield stream
            except (OSError, InputUnreadableError):
                _expect_unchanged(file, stream)
                raise
            _expect_unchanged(file, stream)
    except FileNotFoundError as error:
        raise _changed(file, "no such file") from error
    except OSError as error:
        raise unreadable(file, error) from error


@contextmanager
def _opened_object(file: InputFile, block: int | None) -> Iterator[BinaryIO]:
    try:
        with objects.opened_object(file, block) as stream:
            yield stream
    except ChangedError as error:
        raise _changed(file, str(error)) from error


@contextmanager
def unpacked(file: InputFile, block: int | None = None) -> Iterator[BinaryIO]:
    """Open the bytes without their compression. What is packed cannot seek."""
    with opened(file, block) as stream:
        if file.compression is Compression.NONE:
            yield stream
        else:
            with unpack(stream, file.compression) as plain:
                yield plain


def unreadable(file: InputFile, cause: Exception, expected: str | None = None) -> InputUnreadableError:
    """Return the failure for bytes that cannot be read as what the file claims to be."""
    packed = file.compression is not Compression.NONE
    return InputUnreadableError(
        f"{file.name} cannot be read",
        where=file.key,
        got=str(cause).partition("\n")[0] or type(cause).__name__,
        expected=expected or (f"a whole {file.compression} file" if packed else None),
        remedy="Check that the file is complete, has the format its name says, and may be read.",
    )


def _expect_unchanged(file: InputFile, stream: BinaryIO) -> None:
    status = os.fstat(stream.fileno())
    if (status.st_size, str(status.st_mtime_ns)) != (file.size, file.version):
        raise _changed(file, f"{status.st_size} bytes, version {status.st_mtime_ns}")


def _changed(file: InputFile, got: str) -> InputChangedError:
    return InputChangedError(
        f"{file.name} has changed since the run was planned",
        where=file.key,
        got=got,
        expected=f"{file.size} bytes, version {file.version}",
        remedy="Put the planned file back and resume, or start a new run.",
    )
