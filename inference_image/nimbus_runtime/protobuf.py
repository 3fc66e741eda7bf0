"""Walks the structure of a protobuf message: nothing is copied, and no schema is needed."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5

Message = memoryview


def fields(message: Message) -> Iterator[tuple[int, int, Message | int]]:
    """Yield a message's fields as (number, wire type, value); ValueError or IndexError where it is damaged.

    The value of a varint is a number, every other its bytes.
    """
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if key >> 32 or not number:
            raise ValueError
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, kind, value
            continue
        if kind == LENGTH:
            size, at = _varint(message, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise ValueError
        if at + size > end:
            raise ValueError
        yield number, kind, message[at : at + size]
        at += size


def parts(message: Message) -> Iterator[tuple[int, Message]]:
    """Yield a message's length-delimited fields (texts and messages) by number; numbers are skipped."""
    for number, kind, value in fields(message):
        if kind == LENGTH and not isinstance(value, int):
            yield number, value


def _varint(message: Message, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError
