"""Writes standard input to a file, since a run reads its inputs more than once."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from nimbus_runtime.contract.errors import InputUnreadableError, StoreError, StoreFullError
from nimbus_runtime.readers.compression import BLOCK, MAGIC_LENGTH, SUFFIXES, detect

if TYPE_CHECKING:
    from nimbus_runtime.contract.inputs import Compression


def spooled(stream: BinaryIO, folder: Path, suffix: str) -> tuple[Path, Compression, str]:
    """Return the file that holds the stream's content, its compression and its whole suffix.

    The file is named by the SHA-256 of its content and never written twice, so the same content
    gives the same file, of the same age.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=".stdin-", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as target:
                digest, head = _copy(stream, target)
            compression = detect(head)
            suffix += "".join(end for end, packed in SUFFIXES.items() if packed is compression)
            path = Path(os.path.abspath(folder)) / f"{digest}{suffix}"  # noqa: PTH100 (links stay)
            if not path.exists():
                Path(temporary).rename(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        cause = StoreFullError if error.errno in {errno.ENOSPC, errno.EDQUOT} else StoreError
        what = "standard input cannot be kept for the run"
        raise cause(what, where=str(folder), got=error.strerror) from error
    return path, compression, suffix


def _copy(stream: BinaryIO, target: BinaryIO) -> tuple[str, bytes]:
    """Copy to the end; return the digest and the first bytes."""
    digest = hashlib.sha256()
    head = b""
    while block := _block(stream):
        head += block[: MAGIC_LENGTH - len(head)]
        digest.update(block)
        target.write(block)
    target.flush()
    os.fsync(target.fileno())
    return digest.hexdigest(), head


def _block(stream: BinaryIO) -> bytes:
    try:
        return stream.read(BLOCK)
    except OSError as error:
        what = "standard input cannot be read"
        raise InputUnreadableError(what, got=error.strerror, remedy="Write it to a file, and name that.") from error
