"""Takes compression off a stream, and tells what is packed by its first bytes.

A stream that breaks off or is damaged gives everything before the damage, then an OSError.
"""

from __future__ import annotations

import gzip
import io
import zlib
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from nimbus_runtime.contract.inputs import Compression

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1 << 20
SUFFIXES = {".gz": Compression.GZIP, ".zst": Compression.ZSTD}
MAGIC_LENGTH = 4

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE_MAGIC = tuple(bytes([first]) + b"\x2a\x4d\x18" for first in range(0x50, 0x60))  # pzstd's files
_SMALL = 4096  # what zstd unpacks at once; a damaged frame loses no more than this before the damage


def detect(head: bytes) -> Compression:
    """Return how a stream that begins with `head` is packed. No text begins like that."""
    if head.startswith(_GZIP_MAGIC):
        return Compression.GZIP
    if head.startswith((_ZSTD_MAGIC, *_SKIPPABLE_MAGIC)):
        return Compression.ZSTD
    return Compression.NONE


def unpack(stream: BinaryIO, compression: Compression) -> BinaryIO:
    """Return the stream's content: all members of a gzip file, all frames of a zstd file."""
    blocks = _gunzip(stream) if compression is Compression.GZIP else _unzstd(stream)
    return io.BufferedReader(_Blocks(blocks), BLOCK)


class _Blocks(io.RawIOBase):
    """Blocks of bytes as a raw stream, which hands out each before it asks for the next."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]  # what BufferedReader passes
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _gunzip(stream: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=stream, mode="rb") as packed:
        try:
            yield from iter(partial(packed.read1, BLOCK), b"")
        except EOFError as error:
            message = "the gzip stream breaks off"
            raise OSError(message) from error
        except zlib.error as error:
            message = f"damaged gzip stream: {error}"
            raise OSError(message) from error


def _unzstd(stream: BinaryIO) -> Iterator[bytes]:
    import zstandard  # noqa: PLC0415 (only for those who have such files)

    packed = stream.read(_SMALL)
    try:
        while packed:
            frame = zstandard.ZstdDecompressor().decompressobj()
            yield frame.decompress(packed)
            while not frame.eof:
                packed = stream.read(_SMALL)
                if not packed:
                    message = "the zstd stream breaks off"
                    raise OSError(message)
                yield frame.decompress(packed)
            packed = frame.unused_data or stream.read(_SMALL)
    except zstandard.ZstdError as error:
        message = f"damaged zstd stream: {error}"
        raise OSError(message) from error
