"""Reads msgpack without copying: byte strings are views of the data, however large.

Nothing is allocated by a length that the data merely claims to have, nothing is called, and no
type beyond msgpack's own is ever built: an array of numpy is a mapping with b"nd" and b"data".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

_MAX_DEPTH = 64
_MAX_VALUES = 20_000_000


def unpack(data: memoryview) -> Any:  # noqa: ANN401 - whatever was packed
    """Return the one value that the data holds; bytes are memoryviews. Damage is a ValueError."""
    reader = _Reader(data)
    value = reader.value(0)
    if reader.at != len(data):
        raise ValueError(f"{len(data) - reader.at} bytes after the end")
    return value


class _Reader:
    """A place in the data, and how many more values it may hold."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._left = _MAX_VALUES
        self.at = 0

    def value(self, depth: int) -> Any:  # noqa: ANN401 - whatever was packed
        self._left -= 1
        if depth > _MAX_DEPTH or self._left < 0:
            raise ValueError("nested deeper, or of more values, than any saved model")
        kind = self.take(1)[0]
        if kind in _FORMATS:
            read, length = _FORMATS[kind]
            return read(self, self.number(length), depth)
        if kind >= 0xE0 or kind < 0x80:
            return kind - 0x100 if kind >= 0xE0 else kind
        if kind < 0x90:
            return self.mapping(kind & 0x0F, depth)
        if kind < 0xA0:
            return self.array(kind & 0x0F, depth)
        if kind < 0xC0:
            return self.text(kind & 0x1F, depth)
        raise ValueError(f"no value begins with byte {kind}")

    def take(self, length: int) -> memoryview:
        end = self.at + length
        if end > len(self._data):
            raise ValueError(f"it ends {end - len(self._data)} bytes early")
        taken = self._data[self.at : end]
        self.at = end
        return taken

    def number(self, kind: str) -> Any:  # noqa: ANN401 - a whole number or a float
        return struct.unpack(f">{kind}", self.take(struct.calcsize(f">{kind}")))[0] if kind else None

    def literal(self, value: float, depth: int) -> float:
        del depth
        return value

    def raw(self, length: int, depth: int) -> memoryview:
        del depth
        return self.take(length)

    def text(self, length: int, depth: int) -> str:
        del depth
        return str(self.take(length), "utf-8")

    def extension(self, length: int, depth: int) -> memoryview:
        """Return an extension's bytes; of which type they are is nothing that a saved model needs."""
        del depth
        self.take(1)
        return self.take(length)

    def array(self, length: int, depth: int) -> list[Any]:
        return [self.value(depth + 1) for _ in range(self._within(length))]

    def mapping(self, length: int, depth: int) -> dict[Any, Any]:
        return {self.key(depth + 1): self.value(depth + 1) for _ in range(self._within(2 * length) // 2)}

    def key(self, depth: int) -> Any:  # noqa: ANN401 - a text, a number, or a byte string
        key = self.value(depth)
        return bytes(key) if isinstance(key, memoryview) else key

    def _within(self, values: int) -> int:
        """Return a number of values, each of which takes a byte at least."""
        if values > len(self._data) - self.at:
            raise ValueError(f"{values} values are announced where {len(self._data) - self.at} bytes are left")
        return values


def _constant(value: object) -> tuple[Callable[..., Any], str]:
    def read(*_: object) -> object:
        return value

    return read, ""


def _fixed_extension(length: int) -> tuple[Callable[..., Any], str]:
    def read(reader: _Reader, _: object, depth: int) -> memoryview:
        return reader.extension(length, depth)

    return read, ""


# First byte -> what reads the rest, given the number that comes first, and that number's format.
_FORMATS: dict[int, tuple[Callable[..., Any], str]] = {
    0xC0: _constant(None),
    0xC2: _constant(value=False),
    0xC3: _constant(value=True),
    **{0xC4 + at: (_Reader.raw, kind) for at, kind in enumerate("BHI")},
    **{0xC7 + at: (_Reader.extension, kind) for at, kind in enumerate("BHI")},
    **{0xCA + at: (_Reader.literal, kind) for at, kind in enumerate("fdBHIQbhiq")},
    **{0xD4 + at: _fixed_extension(1 << at) for at in range(5)},
    **{0xD9 + at: (_Reader.text, kind) for at, kind in enumerate("BHI")},
    **{0xDC + at: (_Reader.array, kind) for at, kind in enumerate("HI")},
    **{0xDE + at: (_Reader.mapping, kind) for at, kind in enumerate("HI")},
}
